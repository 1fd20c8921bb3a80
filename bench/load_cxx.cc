// SPDX-License-Identifier: Apache-2.0
// load_cxx: "shared" copies std::shared_ptr (no atomic operations while the program has one thread); "words" counts words in maps and
// vectors of strings: a program that does something with its memory.
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bench/rounds.h"

static void copy_pointers(long n)
{
    auto first = std::make_shared<int>(7);
    for (long i = 0; i < n; i++) {
        std::shared_ptr<int> copy = first;
        __asm__ volatile("" : : "r"(copy.get()) : "memory");
    }
}

static std::string word_at(uint64_t x)
{
    std::string word = "w";
    for (x %= 4000; x; x /= 7)
        word += static_cast<char>('a' + x % 7), word += "en";
    return word;
}

static void count_words(long n)
{
    uint64_t state = 4242;
    std::map<std::string, std::vector<std::string>> after;
    std::string before = "start";
    for (long i = 0; i < n; i++) {
        std::string word = word_at(next_random(&state));
        auto &list = after[before];
        if (list.size() < 64) list.push_back(word);
        before = word;
    }
    if (after.empty()) abort();
}

int main(int argc, char **argv)
{
    const char *which = argc > 1 ? argv[1] : "";
    if (!*which || !strcmp(which, "shared")) measure("shared_ptr", copy_pointers, 500000);
    if (!*which || !strcmp(which, "words")) measure("words", count_words, 20000);
    return 0;
}
