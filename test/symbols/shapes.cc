// Code shapes for the comparison with llvm-symbolizer: inlining over several levels, templates, lambdas, local classes, virtual
// calls, exceptions (cold parts), static locals. Linked with shapes2.cc.
#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

int other_unit(const std::vector<int> &v);

namespace {
template <int N> struct power {
    static inline long of(long x) { return x * power<N - 1>::of(x + N); }
};
template <> struct power<0> {
    static inline long of(long x) { return x | 1; }
};

struct shape {
    virtual ~shape() = default;
    virtual double area() const = 0;
};
struct square : shape {
    explicit square(double a) : side(a) {}
    double area() const override { return side * side; }
    double side;
};
struct circle : shape {
    explicit circle(double a) : radius(a) {}
    double area() const override { return 3.14159 * radius * radius; }
    double radius;
};

inline int checked(int x)
{
    if (x < 0) throw std::invalid_argument("negative: " + std::to_string(x));
    return x % 97;
}
}

__attribute__((noinline)) static long by_lambda(const std::vector<int> &v)
{
    long sum = 0;
    auto twice = [&sum](int x) { sum += 2 * x; };
    std::for_each(v.begin(), v.end(), [&](int x) { x & 1 ? twice(x) : twice(checked(x)); });
    return sum;
}

__attribute__((noinline)) static long by_local_class(int n)
{
    struct counter {
        std::unordered_map<std::string, long> seen;
        void add(int k) { seen["key" + std::to_string(k % 13)] += k; }
        long total() const
        {
            long t = 0;
            for (auto &p : seen) t += p.second;
            return t;
        }
    } c;
    for (int i = 0; i < n; i++) c.add(checked(i));
    return c.total();
}

int main(int argc, char **)
{
    std::vector<int> v;
    for (int i = 0; i < 1000 * argc; i++) v.push_back(checked(i * 7919));
    std::sort(v.begin(), v.end(), [](int a, int b) { return a > b; });
    std::vector<std::unique_ptr<shape>> shapes;
    for (int x : v)
        if (x & 1)
            shapes.push_back(std::make_unique<square>(x));
        else
            shapes.push_back(std::make_unique<circle>(x));
    double area = 0;
    for (auto &s : shapes) area += s->area();
    std::map<int, std::function<long(long)>> table{{1, power<3>::of}, {2, power<7>::of}};
    long sum = by_lambda(v) + by_local_class(500) + other_unit(v);
    for (auto &f : table) sum += f.second(argc);
    try {
        checked(-argc);
    } catch (const std::exception &e) {
        std::printf("%s\n", e.what());
    }
    std::printf("%f %ld\n", area, sum);
}
