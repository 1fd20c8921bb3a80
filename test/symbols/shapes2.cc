// The second unit of shapes.cc.
#include <numeric>
#include <set>
#include <sstream>
#include <vector>

template <class T> static inline T fold(const std::vector<T> &v)
{
    return std::accumulate(v.begin(), v.end(), T(), [](T a, T b) { return a * 31 + b; });
}

int other_unit(const std::vector<int> &v)
{
    std::set<int> unique(v.begin(), v.end());
    std::ostringstream text;
    for (int x : unique) text << x << ',';
    return static_cast<int>(text.str().size()) + fold(v);
}
