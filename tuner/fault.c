#include "tuner/fault.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>
#include "tuner/sandbox.h"

enum { STACK_BYTES = 256 << 10, STACK_NEAR = 64 << 10, FAULT_EXIT = 70 };

static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS, SIGTRAP};

/* Of this process: a signal handler has no other way to them. */
static struct {
    const struct channel *channel;
    uint32_t kind;
    const struct verify_plan *plan;
    const struct verify *verify;
    uint64_t address_space_limit;
} scene;

uint64_t fault_address_space(void)
{
    char text[64];
    int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    ssize_t got = file < 0 ? -1 : read(file, text, sizeof text - 1);
    if (file >= 0) close(file);
    uint64_t pages = 0;
    for (ssize_t i = 0; i < got && text[i] >= '0' && text[i] <= '9'; i++)
        pages = pages * 10 + (uint64_t)(text[i] - '0');
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static bool look_in(const struct guarded *buffer, const void *address, struct fault_report *report)
{
    int64_t offset;
    if (!guarded_holds(buffer, address, &offset)) return false;
    const char *p = address;
    bool in_pages = p >= buffer->pages && p < buffer->pages + buffer->page_bytes;
    report->kind = in_pages && buffer->read_only ? FAULT_READ_ONLY : FAULT_GUARD;
    report->offset = offset;
    report->buffer_bytes = buffer->bytes;
    memcpy(report->buffer, buffer->name, sizeof report->buffer);
    return true;
}

static void look_up(const void *address, struct fault_report *report)
{
    if (look_in(&scene.verify->workspace, address, report)) return;
    for (unsigned c = 0; c < scene.plan->n_cases; c++)
        for (unsigned o = 0; o < scene.plan->cases[c].n_operands; o++) {
            if (look_in(&scene.plan->cases[c].buffers[o], address, report)) return;
            if (look_in(&scene.plan->cases[c].poison[o], address, report)) return;
        }
}

static uint64_t stack_pointer(const void *context)
{
    const ucontext_t *machine = context;
#if defined(__x86_64__)
    return (uint64_t)machine->uc_mcontext.gregs[REG_RSP];
#elif defined(__aarch64__)
    return machine->uc_mcontext.sp;
#else
    (void)machine;
    return 0;
#endif
}

static void handle(int signal, siginfo_t *info, void *context)
{
    struct fault_report report;
    memset(&report, 0, sizeof report);
    report.signal = signal;
    report.code = info->si_code;
    if (signal == SIGSYS) {
        report.kind = FAULT_SYSCALL;
        report.syscall = info->si_syscall;
    } else if (signal == SIGSEGV || signal == SIGBUS) {
        uint64_t address = (uint64_t)(uintptr_t)info->si_addr, stack = stack_pointer(context);
        look_up(info->si_addr, &report);
        if (report.kind == FAULT_PLAIN && stack && address + STACK_NEAR > stack &&
            address < stack + STACK_NEAR)
            report.kind = FAULT_STACK;
    }
    if (report.kind == FAULT_PLAIN && scene.address_space_limit &&
        fault_address_space() > scene.address_space_limit)
        report.kind = FAULT_MEMORY;
    channel_post(scene.channel, scene.kind, &report, sizeof report);
    _exit(FAULT_EXIT);
}

enum status fault_install(const struct channel *channel, uint32_t kind, const struct verify_plan *plan,
                          const struct verify *verify, uint64_t address_space_limit)
{
    scene.channel = channel;
    scene.kind = kind;
    scene.plan = plan;
    scene.verify = verify;
    scene.address_space_limit = address_space_limit;
    static void *memory; /* a device child comes here for each candidate */
    if (!memory) memory = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    stack_t stack = {.ss_sp = memory, .ss_size = STACK_BYTES};
    if (memory == MAP_FAILED || sigaltstack(&stack, NULL) != 0) {
        memory = NULL;
        return status_fail_errno(STATUS_NO_MEMORY, "no stack for signal handlers");
    }
    struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    sigfillset(&action.sa_mask);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        sigdelset(&action.sa_mask, signals[i]);
        sigaction(signals[i], &action, NULL);
    }
    return STATUS_OK;
}

enum verdict fault_judge(const struct fault_report *report, char *detail, size_t capacity)
{
    char buffer[sizeof report->buffer + 1] = "";
    memcpy(buffer, report->buffer, sizeof report->buffer);
    switch (report->kind) {
    case FAULT_GUARD:
        snprintf(detail, capacity, "touched byte %lld of %s, which has %llu", (long long)report->offset,
                 buffer, (unsigned long long)report->buffer_bytes);
        return VERDICT_OUT_OF_BOUNDS;
    case FAULT_READ_ONLY:
        snprintf(detail, capacity, "wrote into input %s at byte %lld", buffer, (long long)report->offset);
        return VERDICT_OUT_OF_BOUNDS;
    case FAULT_STACK: snprintf(detail, capacity, "stack overflow"); return VERDICT_CRASH;
    case FAULT_MEMORY:
        snprintf(detail, capacity, "signal %d (%s) with no memory left below its limit", report->signal,
                 strsignal(report->signal));
        return VERDICT_RESOURCE_LIMIT;
    case FAULT_SYSCALL:
        snprintf(detail, capacity, "forbidden system call %s", sandbox_call_name(report->syscall));
        return VERDICT_CRASH;
    default:
        snprintf(detail, capacity, "signal %d (%s)", report->signal, strsignal(report->signal));
        return VERDICT_CRASH;
    }
}
