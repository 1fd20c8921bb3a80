// SPDX-License-Identifier: Apache-2.0
#include "base/gotime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fmt.h"

#define NS_PER_S UINT64_C(1000000000)

/* "." and the digits of fraction/10^width without trailing zeros; empty when it is 0. */
static size_t put_fraction(char *buf, uint64_t fraction, int width)
{
    if (fraction == 0) return 0;
    size_t n = 0;
    buf[n++] = '.';
    uint64_t unit = 1;
    for (int i = 1; i < width; i++)
        unit *= 10;
    for (; fraction != 0; unit /= 10) {
        buf[n++] = (char)('0' + fraction / unit);
        fraction %= unit;
    }
    return n;
}

size_t pp_go_duration(char buf[PP_GO_TIME_MAX], int64_t ns)
{
    static const struct {
        uint64_t ns;
        int width;
        const char *unit;
    } small[] = {{1000000, 6, "ms"}, {1000, 3, "µs"}, {1, 0, "ns"}};
    uint64_t u = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
    size_t n = ns < 0 ? pp_fmt(buf, PP_GO_TIME_MAX, "-") : 0;
    if (u == 0) return pp_fmt(buf, PP_GO_TIME_MAX, "0s");
    if (u < NS_PER_S) {
        size_t i = u >= small[0].ns ? 0 : u >= small[1].ns ? 1 : 2;
        n += pp_fmt(buf + n, PP_GO_TIME_MAX - n, "%llu", (unsigned long long)(u / small[i].ns));
        n += put_fraction(buf + n, u % small[i].ns, small[i].width);
        return n + pp_fmt(buf + n, PP_GO_TIME_MAX - n, "%s", small[i].unit);
    }
    uint64_t s = u / NS_PER_S;
    if (s >= 3600) n += pp_fmt(buf + n, PP_GO_TIME_MAX - n, "%lluh", (unsigned long long)(s / 3600));
    if (s >= 60) n += pp_fmt(buf + n, PP_GO_TIME_MAX - n, "%llum", (unsigned long long)(s / 60 % 60));
    n += pp_fmt(buf + n, PP_GO_TIME_MAX - n, "%llu", (unsigned long long)(s % 60));
    n += put_fraction(buf + n, u % NS_PER_S, 9);
    return n + pp_fmt(buf + n, PP_GO_TIME_MAX - n, "s");
}

static bool is_zone_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, R_OK) == 0;
}

/* Whether libc's reading of $TZ is Go's, too. libc also takes rules ("EST5EDT4") and unknown names, which are UTC in Go. */
static bool libc_reads_zone(void)
{
    const char *tz = getenv("TZ");
    if (!tz) return is_zone_file("/etc/localtime");
    if (*tz == ':') tz++;
    if (*tz == 0 || strcmp(tz, "UTC") == 0) return false;
    if (*tz == '/') return is_zone_file(tz);
    if (strstr(tz, "..")) return false;
    char path[512];
    if (pp_fmt(path, sizeof path, "/usr/share/zoneinfo/%s", tz) >= sizeof path) return false;
    return is_zone_file(path);
}

struct wall {
    struct tm tm;
    int nanos;
    const char *zone;
};

static struct wall wall_of(int64_t unix_ns)
{
    struct wall w;
    int64_t s = unix_ns / (int64_t)NS_PER_S;
    w.nanos = (int)(unix_ns % (int64_t)NS_PER_S);
    if (w.nanos < 0) {
        w.nanos += (int)NS_PER_S;
        s--;
    }
    time_t t = s;
    if (libc_reads_zone()) {
        tzset(); /* localtime_r need not look at $TZ again */
        localtime_r(&t, &w.tm);
        w.zone = w.tm.tm_zone;
    } else {
        gmtime_r(&t, &w.tm);
        w.zone = "UTC";
    }
    return w;
}

static size_t put_date(char buf[PP_GO_TIME_MAX], const struct tm *tm)
{
    return pp_fmt(buf, PP_GO_TIME_MAX, "%04d-%02d-%02d %02d:%02d:%02d", tm->tm_year + 1900, tm->tm_mon + 1, tm->tm_mday,
                  tm->tm_hour, tm->tm_min, tm->tm_sec);
}

size_t pp_go_time_full(char buf[PP_GO_TIME_MAX], int64_t unix_ns)
{
    struct wall w = wall_of(unix_ns);
    size_t n = put_date(buf, &w.tm);
    n += put_fraction(buf + n, (uint64_t)w.nanos, 9);
    long minutes = w.tm.tm_gmtoff / 60;
    char sign = w.tm.tm_gmtoff < 0 ? '-' : '+';
    minutes = labs(minutes);
    return n + pp_fmt(buf + n, PP_GO_TIME_MAX - n, " %c%02ld%02ld %s", sign, minutes / 60, minutes % 60, w.zone);
}

size_t pp_go_time_short(char buf[PP_GO_TIME_MAX], int64_t unix_ns)
{
    struct wall w = wall_of(unix_ns);
    size_t n = put_date(buf, &w.tm);
    return n + pp_fmt(buf + n, PP_GO_TIME_MAX - n, " %s", w.zone);
}
