// SPDX-License-Identifier: Apache-2.0
extern "C" {
#include "regex/regex.h"

#include "base/utf8.h"
#include "regex/syntax.h"
}

#include <re2/re2.h>

#include <new>
#include <string>
#include <vector>

struct pp_regex {
    RE2 *re2;
    pp_str pattern;
    size_t groups;
    bool may_split_runes;
};

namespace
{

constexpr int64_t kMemoryMax = 256 << 20; // for the program and the automaton's states; used only as needed

/* Whether every byte is ASCII: most subjects are, and then nothing has to be checked or mapped. */
bool is_ascii(pp_str s)
{
    size_t i = 0;
    for (; i + 8 <= s.n; i += 8) {
        uint64_t word;
        __builtin_memcpy(&word, s.p + i, 8);
        if (word & UINT64_C(0x8080808080808080)) return false;
    }
    for (; i < s.n; i++) {
        if (static_cast<unsigned char>(s.p[i]) >= 0x80) return false;
    }
    return true;
}

/* A subject with each invalid byte replaced by U+FFFD, and the way back to its offsets. */
class Repaired
{
  public:
    explicit Repaired(pp_str s)
    {
        size_t width;
        for (size_t at = 0; at < s.n; at += width) {
            uint32_t rune = pp_utf8_decode(pp_str_from(s, at), &width);
            if (rune == PP_RUNE_ERROR && width == 1) {
                text_ += "\xef\xbf\xbd";
                grown_at_.push_back(at);
            } else {
                text_.append(s.p + at, width);
            }
        }
    }

    const std::string &text() const { return text_; }

    size_t to_repaired(size_t offset) const
    {
        size_t n = 0;
        while (n < grown_at_.size() && grown_at_[n] < offset)
            n++;
        return offset + 2 * n;
    }

    size_t to_original(size_t offset) const
    {
        size_t n = 0;
        while (n < grown_at_.size() && grown_at_[n] + 2 * n < offset)
            n++;
        return offset - 2 * n;
    }

  private:
    std::string text_;
    std::vector<size_t> grown_at_; // original offsets of the replaced bytes, each two bytes longer now
};

void (*out_of_memory)(size_t wanted);

void report_out_of_memory() { out_of_memory(0); }

bool inside_rune(const re2::StringPiece &text, size_t at)
{
    return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80;
}

bool find(const pp_regex *r, const re2::StringPiece &text, size_t at, pp_span *ret_groups, size_t n_groups);

/* RE2 looks for \B between the bytes of a rune, too. Only an empty match can begin there: look behind it. */
bool find_between_runes(const pp_regex *r, const re2::StringPiece &text, size_t at, pp_span *ret_groups,
                        size_t n_groups)
{
    while (find(r, text, at, ret_groups, n_groups)) {
        at = ret_groups[0].from;
        if (!inside_rune(text, at)) return true;
        while (inside_rune(text, at))
            at++;
    }
    return false;
}

bool match(const pp_regex *r, const re2::StringPiece &text)
{
    pp_span span;
    if (r->may_split_runes) return find_between_runes(r, text, 0, &span, 1);
    return r->re2->Match(text, 0, text.size(), RE2::UNANCHORED, nullptr, 0);
}

bool find(const pp_regex *r, const re2::StringPiece &text, size_t at, pp_span *ret_groups, size_t n_groups)
{
    size_t wanted = n_groups < r->groups + 1 ? n_groups : r->groups + 1;
    re2::StringPiece few[8];
    std::vector<re2::StringPiece> many;
    re2::StringPiece *found = few;
    if (wanted > 8) {
        many.resize(wanted);
        found = many.data();
    }
    if (!r->re2->Match(text, at, text.size(), RE2::UNANCHORED, found, static_cast<int>(wanted))) return false;
    for (size_t i = 0; i < n_groups; i++) {
        ret_groups[i] = {PP_NOT_FOUND, PP_NOT_FOUND};
        if (i >= wanted || !found[i].data()) continue;
        size_t from = static_cast<size_t>(found[i].data() - text.data());
        ret_groups[i] = {from, from + found[i].size()};
    }
    return true;
}

} // namespace

extern "C" {

void pp_regex_on_out_of_memory(void (*oom)(size_t wanted))
{
    out_of_memory = oom;
    std::set_new_handler(report_out_of_memory);
}

enum pp_code pp_regex_compile(struct pp_arena *a, pp_str pattern, struct pp_regex **ret_regex, struct pp_err *err)
{
    pp_str translated;
    enum pp_code c = pp_regex_translate(a, pattern, &translated, err);
    if (c) return c;
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(kMemoryMax);
    RE2 *re2 = new (std::nothrow) RE2(re2::StringPiece(translated.p, translated.n), options);
    if (!re2) return pp_fail(err, PP_E_NOMEM, "out of memory compiling a regexp");
    if (!re2->ok()) {
        bool large = re2->error_code() == RE2::ErrorPatternTooLarge;
        c = pp_fail(err, PP_E_LIMIT, "error parsing regexp: %s: `%.*s`",
                    large ? "expression too large" : re2->error().c_str(), PP_FMT(pattern));
        delete re2;
        return c;
    }
    struct pp_regex *r = static_cast<struct pp_regex *>(pp_alloc(a, sizeof *r, alignof(struct pp_regex)));
    r->re2 = re2;
    r->pattern = pp_arena_dup(a, pattern);
    r->groups = static_cast<size_t>(re2->NumberOfCapturingGroups());
    r->may_split_runes = pp_str_contains(translated, PP_STR("\\B"));
    *ret_regex = r;
    return PP_OK;
}

void pp_regex_free(struct pp_regex *r)
{
    if (!r) return;
    delete r->re2;
    r->re2 = nullptr;
}

bool pp_regex_match(const struct pp_regex *r, pp_str subject)
{
    if (is_ascii(subject) || pp_utf8_valid(subject)) return match(r, re2::StringPiece(subject.p, subject.n));
    return match(r, Repaired(subject).text());
}

bool pp_regex_find(const struct pp_regex *r, pp_str subject, size_t at, struct pp_span *ret_groups, size_t n_groups)
{
    if (is_ascii(subject) || pp_utf8_valid(subject))
        return find_between_runes(r, re2::StringPiece(subject.p, subject.n), at, ret_groups, n_groups);
    Repaired repaired(subject);
    if (!find_between_runes(r, repaired.text(), repaired.to_repaired(at), ret_groups, n_groups)) return false;
    for (size_t i = 0; i < n_groups; i++) {
        if (ret_groups[i].from == PP_NOT_FOUND) continue;
        ret_groups[i] = {repaired.to_original(ret_groups[i].from), repaired.to_original(ret_groups[i].to)};
    }
    return true;
}

bool pp_regex_find_span(const struct pp_regex *r, pp_str subject, size_t *ret_start, size_t *ret_end)
{
    struct pp_span span;
    if (!pp_regex_find(r, subject, 0, &span, 1)) return false;
    *ret_start = span.from;
    *ret_end = span.to;
    return true;
}

size_t pp_regex_groups(const struct pp_regex *r) { return r->groups; }

pp_str pp_regex_pattern(const struct pp_regex *r) { return r->pattern; }

} // extern "C"
