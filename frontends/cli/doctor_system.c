#include <errno.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include "frontends/cli/doctor.h"

/* First line of a file of /sys or /proc; false where there is none. */
static bool read_line(const char *path, char *out, size_t size)
{
    FILE *file = fopen(path, "re");
    bool read = file && fgets(out, (int)size, file);
    if (file) fclose(file);
    if (read) out[strcspn(out, "\n")] = 0;
    return read;
}

/* Asking for a filter at address 0 fails with EFAULT where filters exist (seccomp(2)). */
static void check_seccomp(struct findings *findings)
{
    bool here = prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL) != 0 && errno == EFAULT;
    finding_add(findings, "seccomp", here ? FINDING_OK : FINDING_ADVICE,
                here ? "" : "candidates could fork; tune only templates that you trust", "%s",
                here ? "filters keep candidates from forking" : "not in this kernel");
}

static void check_memfd(struct findings *findings)
{
    char line[64];
    if (!read_line("/proc/sys/vm/memfd_noexec", line, sizeof line)) return;
    bool refused = atoi(line) >= 2;
    finding_add(findings, "memfd", refused ? FINDING_MISSING : FINDING_OK,
                refused ? "kernels are loaded from memory: sysctl vm.memfd_noexec=1" : "",
                "vm.memfd_noexec=%s", line);
}

static void check_memlock(struct findings *findings)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0) return;
    if (limit.rlim_cur == RLIM_INFINITY)
        finding_add(findings, "locked memory", FINDING_OK, "", "no limit");
    else
        finding_add(findings, "locked memory", FINDING_OK, "", "limit %llu KiB (ulimit -l)",
                    (unsigned long long)limit.rlim_cur / 1024);
}

static void check_huge_pages(struct findings *findings)
{
    char line[128];
    if (!read_line("/sys/kernel/mm/transparent_hugepage/enabled", line, sizeof line)) return;
    bool never = strstr(line, "[never]") != NULL;
    finding_add(
        findings, "huge pages", never ? FINDING_ADVICE : FINDING_OK,
        never ? "large matrices are slower: echo madvise > /sys/kernel/mm/transparent_hugepage/enabled" : "",
        "%s", line);
}

static void check_governor(struct findings *findings)
{
    char line[64];
    if (!read_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", line, sizeof line)) {
        finding_add(findings, "CPU governor", FINDING_OK, "", "none here (virtual machine or fixed clock)");
        return;
    }
    bool fast = strcmp(line, "performance") == 0;
    finding_add(findings, "CPU governor", fast ? FINDING_OK : FINDING_ADVICE,
                fast ? "" : "measurements are steadier with: cpupower frequency-set -g performance", "%s",
                line);
}

static void check_threads(struct findings *findings)
{
    char line[64];
    if (!read_line("/sys/devices/system/cpu/smt/active", line, sizeof line)) return;
    bool active = line[0] == '1';
    finding_add(findings, "SMT", active ? FINDING_ADVICE : FINDING_OK,
                active ? "two threads share a core; compare with --threads=CORES" : "", "%s",
                active ? "on" : "off");
}

static void check_load(struct findings *findings)
{
    double load[1];
    if (getloadavg(load, 1) != 1) return;
    bool busy = load[0] > 0.5;
    finding_add(findings, "load", busy ? FINDING_ADVICE : FINDING_OK,
                busy ? "something else is running; what is measured meanwhile is marked as contended" : "",
                "%.2f in the last minute", load[0]);
}

void doctor_check_system(struct findings *findings)
{
    check_seccomp(findings);
    check_memfd(findings);
    check_memlock(findings);
    check_huge_pages(findings);
    check_governor(findings);
    check_threads(findings);
    check_load(findings);
}
