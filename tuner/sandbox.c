#include "tuner/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define SANDBOX_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define SANDBOX_ARCH AUDIT_ARCH_AARCH64
#endif

#ifndef SYS_rseq
#define SYS_rseq -1
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif

/* Calls allowed whatever their arguments. -1: this architecture has none. */
static const int allowed[] = {
    SYS_read,
    SYS_write,
    SYS_readv,
    SYS_writev,
    SYS_pread64,
    SYS_pwrite64,
    SYS_lseek,
    SYS_close,
    SYS_close_range,
    SYS_fstat,
    SYS_newfstatat,
    SYS_statx,
    SYS_faccessat,
    SYS_readlinkat,
    SYS_getdents64,
    SYS_fcntl,
    SYS_ftruncate,
    SYS_memfd_create,
    SYS_dup,
    SYS_dup3,
    SYS_mmap,
    SYS_munmap,
    SYS_mprotect,
    SYS_mremap,
    SYS_madvise,
    SYS_brk,
    SYS_mincore,
    SYS_futex,
    SYS_sched_yield,
    SYS_sched_getaffinity,
    SYS_getcpu,
    SYS_membarrier,
    SYS_rseq,
    SYS_set_robust_list,
    SYS_get_robust_list,
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_sigaltstack,
    SYS_restart_syscall,
    SYS_clock_gettime,
    SYS_clock_getres,
    SYS_clock_nanosleep,
    SYS_nanosleep,
    SYS_gettimeofday,
    SYS_getrandom,
    SYS_getpid,
    SYS_gettid,
    SYS_getppid,
    SYS_getuid,
    SYS_geteuid,
    SYS_getgid,
    SYS_getegid,
    SYS_getrusage,
    SYS_getrlimit,
    SYS_uname,
    SYS_sysinfo,
    SYS_ppoll,
    SYS_sendto,
    SYS_recvfrom,
    SYS_sendmsg,
    SYS_exit,
    SYS_exit_group,
    SYS_munlock,
    SYS_mlock,
    SYS_get_mempolicy,
    SYS_set_mempolicy,
    SYS_mbind,
    SYS_times,
    SYS_capget,
#if defined(__x86_64__)
    SYS_stat,
    SYS_lstat,
    SYS_access,
    SYS_readlink,
    SYS_dup2,
    SYS_poll,
    SYS_time,
    SYS_arch_prctl,
#endif
};

/* Calls whose name is worth saying. */
static const struct {
    int number;
    const char *name;
} names[] = {
    {SYS_clone, "clone"},
    {SYS_clone3, "clone3"},
    {SYS_execve, "execve"},
    {SYS_execveat, "execveat"},
    {SYS_kill, "kill"},
    {SYS_tkill, "tkill"},
    {SYS_tgkill, "tgkill"},
    {SYS_ptrace, "ptrace"},
    {SYS_socket, "socket"},
    {SYS_connect, "connect"},
    {SYS_bind, "bind"},
    {SYS_setsid, "setsid"},
    {SYS_setpgid, "setpgid"},
    {SYS_openat, "openat"},
    {SYS_unlinkat, "unlinkat"},
    {SYS_mkdirat, "mkdirat"},
    {SYS_prlimit64, "prlimit64"},
    {SYS_setrlimit, "setrlimit"},
    {SYS_prctl, "prctl"},
    {SYS_pidfd_open, "pidfd_open"},
    {SYS_pidfd_send_signal, "pidfd_send_signal"},
    {SYS_process_vm_writev, "process_vm_writev"},
    {SYS_rt_sigqueueinfo, "rt_sigqueueinfo"},
    {SYS_ioctl, "ioctl"},
    {SYS_wait4, "wait4"},
    {SYS_mount, "mount"},
    {SYS_reboot, "reboot"},
#if defined(__x86_64__)
    {SYS_fork, "fork"},
    {SYS_vfork, "vfork"},
    {SYS_open, "open"},
    {SYS_unlink, "unlink"},
    {SYS_rename, "rename"},
    {SYS_mkdir, "mkdir"},
    {SYS_creat, "creat"},
#endif
};

const char *sandbox_call_name(int number)
{
    static _Thread_local char other[32];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].number == number) return names[i].name;
    snprintf(other, sizeof other, "number %d", number);
    return other;
}

void sandbox_limit(uint64_t address_space_bytes, uint64_t file_bytes)
{
    struct rlimit none = {0, 0}, files = {file_bytes, file_bytes},
                  space = {address_space_bytes, address_space_bytes};
    setrlimit(RLIMIT_CORE, &none);
    setrlimit(RLIMIT_FSIZE, &files);
    if (address_space_bytes) setrlimit(RLIMIT_AS, &space);
}

#ifdef SANDBOX_ARCH

enum { PROGRAM_MAX = 256 };

struct program {
    struct sock_filter code[PROGRAM_MAX];
    unsigned short n;
};

static void emit(struct program *program, uint16_t code, uint32_t k, uint8_t yes, uint8_t no)
{
    if (program->n < PROGRAM_MAX) program->code[program->n++] = (struct sock_filter){code, yes, no, k};
}

static void emit_load(struct program *program, size_t offset)
{
    emit(program, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void emit_return(struct program *program, uint32_t action)
{
    emit(program, BPF_RET | BPF_K, action, 0, 0);
}

static size_t argument(int i)
{
    return offsetof(struct seccomp_data, args) + 8 * (size_t)i; /* its low half: little-endian */
}

/* if (number == call && arg[i] == value) allow; the number is loaded again after each. */
static void allow_equal(struct program *program, int call, int i, uint32_t value)
{
    emit(program, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, 4);
    emit_load(program, argument(i));
    emit(program, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
    emit_return(program, SECCOMP_RET_ALLOW);
    emit_load(program, offsetof(struct seccomp_data, nr));
}

/* if (number == call && !(arg[i] & bits)) allow */
static void allow_without(struct program *program, int call, int i, uint32_t bits)
{
    emit(program, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, 4);
    emit_load(program, argument(i));
    emit(program, BPF_JMP | BPF_JSET | BPF_K, bits, 1, 0);
    emit_return(program, SECCOMP_RET_ALLOW);
    emit_load(program, offsetof(struct seccomp_data, nr));
}

static void refuse_quietly(struct program *program, int call, int error)
{
    emit(program, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, 1);
    emit_return(program, SECCOMP_RET_ERRNO | (uint32_t)error);
}

static void write_program(struct program *program)
{
    emit_load(program, offsetof(struct seccomp_data, arch));
    emit(program, BPF_JMP | BPF_JEQ | BPF_K, SANDBOX_ARCH, 1, 0);
    emit_return(program, SECCOMP_RET_KILL_PROCESS);
    emit_load(program, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++) {
        if (allowed[i] < 0) continue;
        emit(program, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)allowed[i], 0, 1);
        emit_return(program, SECCOMP_RET_ALLOW);
    }
    const uint32_t writing = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;
    allow_without(program, SYS_openat, 2, writing);
#if defined(__x86_64__)
    allow_without(program, SYS_open, 1, writing);
#endif
    allow_equal(program, SYS_kill, 0, (uint32_t)getpid());
    allow_equal(program, SYS_tgkill, 0, (uint32_t)getpid());
    allow_equal(program, SYS_prlimit64, 2, 0);      /* asking, not setting */
    allow_equal(program, SYS_prctl, 0, 0x53564d41); /* PR_SET_VMA: names of mappings */
    refuse_quietly(program, SYS_ioctl, ENOTTY);
    refuse_quietly(program, SYS_prctl, EPERM);
    emit_return(program, SECCOMP_RET_TRAP);
}

enum status sandbox_enter(bool *active)
{
    struct program program = {.n = 0};
    write_program(&program);
    struct sock_fprog filter = {.len = program.n, .filter = program.code};
    *active = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
              syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter) == 0;
    return STATUS_OK;
}

#else

enum status sandbox_enter(bool *active)
{
    *active = false;
    return STATUS_OK;
}

#endif
