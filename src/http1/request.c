// SPDX-License-Identifier: Apache-2.0
#include "http1/request.h"

#include <string.h>

static bool read_lines(struct pp_http_reader *rd, pp_str bytes);
static bool read_head(struct pp_http_reader *rd, pp_str bytes, struct pp_arena *a, struct pp_http_request *ret);

static bool refuse(struct pp_http_reader *rd, int status, const char *why)
{
    rd->status = status;
    rd->why = why;
    return false;
}

/* The head is read twice when a body follows: once to learn the body's length, once to point into the final bytes. */
enum pp_http_step pp_http_read(struct pp_http_reader *rd, pp_str bytes, struct pp_arena *a, struct pp_http_request *ret)
{
    bool first = rd->head_end == 0;
    if (first && !read_lines(rd, bytes)) return rd->status ? PP_HTTP_REFUSED : PP_HTTP_MORE;
    if (first && !read_head(rd, bytes, a, ret)) return PP_HTTP_REFUSED;
    if (bytes.n - rd->head_end < rd->body_n) return PP_HTTP_MORE;
    if (!first && !read_head(rd, bytes, a, ret)) return PP_HTTP_REFUSED;
    ret->body = pp_str_sub(bytes, rd->head_end, rd->head_end + rd->body_n);
    rd->used = rd->head_end + rd->body_n;
    return PP_HTTP_READY;
}

/* Limits on what has come of the head, whether its lines are complete or not. */
static bool within_limits(struct pp_http_reader *rd)
{
    if (!rd->line_end && rd->at - rd->start > PP_HTTP_LINE_MAX) return refuse(rd, 414, "request line too long");
    if (rd->line_end && rd->at - rd->line_end > PP_HTTP_HEADERS_MAX) return refuse(rd, 431, "headers too large");
    if (rd->n_lines > PP_HTTP_HEADER_COUNT_MAX) return refuse(rd, 431, "too many headers");
    return true;
}

/* Looks for the empty line. True: head_end is set. False with status 0: more bytes are needed. */
static bool read_lines(struct pp_http_reader *rd, pp_str bytes)
{
    while (rd->at < bytes.n) {
        const char *nl = memchr(bytes.p + rd->at, '\n', bytes.n - rd->at);
        rd->at = nl ? (size_t)(nl - bytes.p) + 1 : bytes.n;
        if (!within_limits(rd)) return false;
        if (!nl) return false;
        size_t n = rd->at - rd->line;
        bool empty = n == 1 || (n == 2 && bytes.p[rd->line] == '\r');
        rd->line = rd->at;
        if (!rd->line_end) {
            if (!empty)
                rd->line_end = rd->at;
            else if (rd->start == 0)
                rd->start = rd->at; /* RFC 9112: one empty line before a request is forgiven */
            else
                return refuse(rd, 400, "malformed request line");
        } else if (empty) {
            rd->head_end = rd->at;
            return true;
        } else {
            rd->n_lines++;
        }
    }
    return false;
}

static bool is_token_char(unsigned char c)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c && memchr(marks, c, sizeof marks - 1));
}

static bool is_token(pp_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_token_char((unsigned char)s.p[i])) return false;
    return s.n > 0;
}

static bool has_control(pp_str s, bool tab_is_fine)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if ((c < ' ' && !(tab_is_fine && c == '\t')) || c == 0x7f) return true;
    }
    return false;
}

/* A line without its "\n" or "\r\n". */
static pp_str next_line(pp_str *rest)
{
    pp_str line = {0};
    pp_str_next(rest, '\n', &line);
    if (line.n && line.p[line.n - 1] == '\r') line.n--;
    return line;
}

static bool read_version(struct pp_http_reader *rd, pp_str v, struct pp_http_request *ret)
{
    if (v.n != 8 || !pp_str_has_prefix(v, PP_STR("HTTP/")) || v.p[6] != '.' || v.p[5] < '0' || v.p[5] > '9' ||
        v.p[7] < '0' || v.p[7] > '9')
        return refuse(rd, 400, "malformed HTTP version");
    if (v.p[5] != '1' || v.p[7] > '1') return refuse(rd, 505, NULL);
    ret->minor = v.p[7] - '0';
    return true;
}

/* "/path?query", "http://host/path?query", or "*". */
static bool read_target(struct pp_http_reader *rd, pp_str target, struct pp_arena *a, struct pp_http_request *ret)
{
    pp_str path = target;
    if (has_control(target, false)) return refuse(rd, 400, "control character in request target");
    if (target.n > 7 && pp_str_eq_nocase(pp_str_sub(target, 0, 7), PP_STR("http://"))) {
        pp_str rest = pp_str_from(target, 7);
        size_t end = 0;
        while (end < rest.n && rest.p[end] != '/' && rest.p[end] != '?')
            end++;
        ret->host = pp_str_sub(rest, 0, end);
        path = pp_str_from(rest, end);
        if (path.n == 0 || path.p[0] == '?') ret->path = PP_STR("/");
    }
    pp_str_cut(path, '?', &path, &ret->raw_query);
    if (ret->path.n) return true;
    if (path.n == 0 || (path.p[0] != '/' && !pp_str_eq(path, PP_STR("*"))))
        return refuse(rd, 400, "malformed request target");
    if (!pp_http_unescape(a, path, false, &ret->path)) return refuse(rd, 400, "malformed request target");
    return true;
}

static bool read_request_line(struct pp_http_reader *rd, pp_str line, struct pp_arena *a, struct pp_http_request *ret)
{
    pp_str rest, target, version;
    if (!pp_str_cut(line, ' ', &ret->method, &rest) || !pp_str_cut(rest, ' ', &target, &version) ||
        !is_token(ret->method))
        return refuse(rd, 400, "malformed request line");
    return read_version(rd, version, ret) && read_target(rd, target, a, ret);
}

static bool read_headers(struct pp_http_reader *rd, pp_str rest, struct pp_http_request *ret)
{
    while (rest.n) {
        pp_str line = next_line(&rest);
        if (line.n == 0) break;
        struct pp_http_header *h = &ret->headers[ret->n_headers];
        if (ret->n_headers == PP_HTTP_HEADER_COUNT_MAX) return refuse(rd, 431, "too many headers");
        if (!pp_str_cut(line, ':', &h->name, &h->value) || !is_token(h->name))
            return refuse(rd, 400, "malformed header");
        h->value = pp_str_trim(h->value);
        if (has_control(h->value, true)) return refuse(rd, 400, "invalid header value");
        ret->n_headers++;
    }
    return true;
}

static bool read_host(struct pp_http_reader *rd, struct pp_http_request *ret)
{
    size_t n = 0;
    pp_str host = {0};
    for (size_t i = 0; i < ret->n_headers; i++) {
        if (!pp_str_eq_nocase(ret->headers[i].name, PP_STR("Host"))) continue;
        host = ret->headers[i].value;
        n++;
    }
    if (n > 1) return refuse(rd, 400, "too many Host headers");
    if (n == 0 && ret->minor == 1) return refuse(rd, 400, "missing required Host header");
    if (!ret->host.n) ret->host = host;
    for (size_t i = 0; i < ret->host.n; i++) {
        unsigned char c = (unsigned char)ret->host.p[i];
        if (c <= ' ' || c >= 0x7f || c == '/' || c == '\\' || c == '"') return refuse(rd, 400, "malformed Host header");
    }
    return true;
}

/* Content-Length alone tells the length: a chunked body is refused, nobody has to send one here. */
static bool read_body_length(struct pp_http_reader *rd, const struct pp_http_request *rq)
{
    pp_str te, length = {0};
    for (size_t i = 0; i < rq->n_headers; i++) {
        if (!pp_str_eq_nocase(rq->headers[i].name, PP_STR("Content-Length"))) continue;
        if (length.p && !pp_str_eq(length, rq->headers[i].value))
            return refuse(rd, 400, "several Content-Length headers");
        length = rq->headers[i].value;
    }
    if (pp_http_header(rq, "Transfer-Encoding", &te)) {
        if (rq->minor == 0 || length.p) return refuse(rd, 400, "unexpected Transfer-Encoding");
        if (!pp_str_eq_nocase(te, PP_STR("chunked"))) return refuse(rd, 501, "unsupported transfer encoding");
        return refuse(rd, 411, "send a Content-Length");
    }
    if (!length.p) return true;
    uint64_t n;
    if (!pp_str_to_u64(length, 10, &n)) {
        for (size_t i = 0; i < length.n; i++)
            if (length.p[i] < '0' || length.p[i] > '9') return refuse(rd, 400, "bad Content-Length");
        return length.n ? refuse(rd, 413, "body too large") : refuse(rd, 400, "bad Content-Length");
    }
    if (n > PP_HTTP_BODY_MAX) return refuse(rd, 413, "body too large");
    rd->body_n = (size_t)n;
    return true;
}

/* Whether a comma-separated header of that name has the word. */
static bool header_has(const struct pp_http_request *rq, const char *name, pp_str word)
{
    for (size_t i = 0; i < rq->n_headers; i++) {
        if (!pp_str_eq_nocase(rq->headers[i].name, pp_str_c(name))) continue;
        pp_str rest = rq->headers[i].value, field;
        while (pp_str_next(&rest, ',', &field))
            if (pp_str_eq_nocase(pp_str_trim(field), word)) return true;
    }
    return false;
}

static bool read_head(struct pp_http_reader *rd, pp_str bytes, struct pp_arena *a, struct pp_http_request *ret)
{
    *ret = (struct pp_http_request){.fd = -1};
    pp_str line = pp_str_sub(bytes, rd->start, rd->line_end);
    if (!read_request_line(rd, next_line(&line), a, ret)) return false;
    if (!read_headers(rd, pp_str_sub(bytes, rd->line_end, rd->head_end), ret)) return false;
    if (!read_host(rd, ret) || !read_body_length(rd, ret)) return false;
    ret->keep_alive = ret->minor == 1 ? !header_has(ret, "Connection", PP_STR("close"))
                                      : header_has(ret, "Connection", PP_STR("keep-alive"));
    pp_str expect;
    if (pp_http_header(ret, "Expect", &expect)) {
        if (!pp_str_eq_nocase(expect, PP_STR("100-continue"))) return refuse(rd, 417, NULL);
        rd->wants_continue = rd->body_n && ret->minor == 1;
    }
    return true;
}

bool pp_http_header(const struct pp_http_request *rq, const char *name, pp_str *ret_value)
{
    for (size_t i = 0; i < rq->n_headers; i++) {
        if (!pp_str_eq_nocase(rq->headers[i].name, pp_str_c(name))) continue;
        *ret_value = rq->headers[i].value;
        return true;
    }
    return false;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool pp_http_unescape(struct pp_arena *a, pp_str s, bool plus_is_blank, pp_str *ret)
{
    if (pp_str_find_byte(s, '%') == PP_NOT_FOUND && !(plus_is_blank && pp_str_find_byte(s, '+') != PP_NOT_FOUND)) {
        *ret = s;
        return true;
    }
    char *to = pp_alloc(a, s.n, 1);
    if (!to) return false;
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '+' && plus_is_blank) c = ' ';
        if (c == '%') {
            int high = i + 2 < s.n ? hex_digit(s.p[i + 1]) : -1, low = i + 2 < s.n ? hex_digit(s.p[i + 2]) : -1;
            if (high < 0 || low < 0) return false;
            c = (char)(high << 4 | low);
            i += 2;
        }
        to[n++] = c;
    }
    *ret = (pp_str){to, n};
    return true;
}

bool pp_http_query(struct pp_arena *a, pp_str raw_query, const char *key, pp_str *ret_value)
{
    *ret_value = (pp_str){0};
    pp_str pair, name, value;
    while (pp_str_next(&raw_query, '&', &pair)) {
        if (pair.n == 0 || pp_str_find_byte(pair, ';') != PP_NOT_FOUND) continue;
        pp_str_cut(pair, '=', &name, &value);
        if (!pp_http_unescape(a, name, true, &name) || !pp_str_eq_c(name, key)) continue;
        if (!pp_http_unescape(a, value, true, &value)) continue;
        *ret_value = value;
        return true;
    }
    return false;
}
