// SPDX-License-Identifier: Apache-2.0
/* C++ exceptions through frames with destructors, for async_test. */
#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

namespace
{
struct counter {
    unsigned &n;
    ~counter() { n += 3; }
};

__attribute__((noinline)) unsigned throws(int depth, unsigned s)
{
    unsigned r = 0;
    counter c{r};
    if (depth == 0) {
        if (s & 1) throw std::runtime_error("odd " + std::to_string(s));
        return s;
    }
    std::string text(s % 40, 'a');
    return throws(depth - 1, s) + static_cast<unsigned>(text.size()) + r;
}
} // namespace

extern "C" __attribute__((visibility("default"))) unsigned load_throws(unsigned s)
{
    unsigned sum = 0;
    for (int i = 0; i < 4; i++) {
        try {
            sum += throws(3 + i, s + static_cast<unsigned>(i));
        } catch (const std::exception &e) {
            sum += static_cast<unsigned>(e.what()[0]);
        }
    }
    std::vector<std::string> v;
    for (unsigned i = 0; i < 20; i++) v.push_back(std::to_string(s * i));
    std::sort(v.begin(), v.end());
    return sum + static_cast<unsigned>(v[3].size());
}
