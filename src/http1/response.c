// SPDX-License-Identifier: Apache-2.0
#include "http1/response.h"

#include <string.h>

#include "base/fmt.h"

void pp_http_response_init(struct pp_http_response *rs, struct pp_arena *a)
{
    memset(rs, 0, sizeof *rs);
    rs->status = 200;
    rs->body_bytes = -1;
    rs->arena = a;
    pp_out_to_memory(&rs->body, a);
}

void pp_http_set(struct pp_http_response *rs, const char *name, const char *value)
{
    size_t i = 0;
    int order = 1;
    while (i < rs->n_headers && (order = pp_str_cmp(pp_str_c(rs->headers[i].name), pp_str_c(name))) < 0)
        i++;
    struct pp_http_field *at = &rs->headers[i];
    size_t after = rs->n_headers - i;
    if (i < rs->n_headers && order == 0) {
        at->value = value;
        if (value) return;
        memmove(at, at + 1, (after - 1) * sizeof *at);
        rs->n_headers--;
    } else if (value && rs->n_headers < PP_HTTP_REPLY_HEADERS_MAX) {
        memmove(at + 1, at, after * sizeof *at);
        *at = (struct pp_http_field){name, value};
        rs->n_headers++;
    }
}

void pp_http_error(struct pp_http_response *rs, int status, const char *text)
{
    rs->status = status;
    pp_http_set(rs, "Content-Type", "text/plain; charset=utf-8");
    pp_http_set(rs, "Content-Disposition", NULL);
    rs->body_bytes = (int64_t)strlen(text) + 1;
    pp_out_c(&rs->body, text);
    pp_out_char(&rs->body, '\n');
}

const char *pp_http_status_text(int status)
{
    switch (status) {
    case 100: return "Continue";
    case 200: return "OK";
    case 301: return "Moved Permanently";
    case 307: return "Temporary Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 411: return "Length Required";
    case 413: return "Request Entity Too Large";
    case 414: return "Request URI Too Long";
    case 417: return "Expectation Failed";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    default: return "";
    }
}

/* Days since 1970 to a date of the Gregorian calendar; years are counted from March, in eras of 400. */
static void civil_date(int64_t days, int64_t *ret_year, unsigned *ret_month, unsigned *ret_day)
{
    days += 719468; /* from 0000-03-01 */
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    unsigned day_of_era = (unsigned)(days - era * 146097);
    unsigned year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned month = (5 * day_of_year + 2) / 153; /* 0 is March */
    *ret_day = day_of_year - (153 * month + 2) / 5 + 1;
    *ret_month = month < 10 ? month + 3 : month - 9;
    *ret_year = era * 400 + year_of_era + (*ret_month <= 2);
}

void pp_http_date(char buf[PP_HTTP_DATE_MAX], int64_t unix_seconds)
{
    static const char names_of_days[7][4] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    static const char names_of_months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int64_t second = ((unix_seconds % 86400) + 86400) % 86400, days = (unix_seconds - second) / 86400, year;
    unsigned month, day;
    civil_date(days, &year, &month, &day);
    pp_fmt(buf, PP_HTTP_DATE_MAX, "%s, %02u %s %04lld %02lld:%02lld:%02lld GMT", names_of_days[(days % 7 + 7) % 7], day,
           names_of_months[month - 1], (long long)year, (long long)second / 3600, (long long)second / 60 % 60,
           (long long)second % 60);
}

void pp_http_write_head(struct pp_out *o, const struct pp_http_response *rs, const struct pp_http_head *head)
{
    char date[PP_HTTP_DATE_MAX];
    pp_http_date(date, head->unix_seconds);
    pp_out_fmt(o, "HTTP/1.1 %03d %s\r\n", rs->status, pp_http_status_text(rs->status));
    for (size_t i = 0; i < rs->n_headers; i++)
        pp_out_fmt(o, "%s: %s\r\n", rs->headers[i].name, rs->headers[i].value);
    pp_out_fmt(o, "Date: %s\r\n", date);
    if (head->framing == PP_HTTP_LENGTH || (head->framing == PP_HTTP_NO_BODY && head->length >= 0))
        pp_out_fmt(o, "Content-Length: %lld\r\n", (long long)head->length);
    if (head->connection) pp_out_fmt(o, "Connection: %s\r\n", head->connection);
    if (head->framing == PP_HTTP_CHUNKED) pp_out_c(o, "Transfer-Encoding: chunked\r\n");
    pp_out_c(o, "\r\n");
}
