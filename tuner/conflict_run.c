#include "tuner/conflict_run.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "templates/proof.h"
#include "tuner/access_log.h"
#include "tuner/base/clock.h"
#include "tuner/paper.h"
#include "tuner/tuning.h"
#include "tuner/verify_buffers.h"
#include "tuner/worker.h"

enum { COMPILE_MS = 120000, RUN_MS = 120000, LINE_BYTES = 256 };

/* Lengths of k, in elements, that are tried in turn until a kernel covers both of a pair. */
static const int64_t lengths[][2] = {{512, 1024}, {1024, 2048}, {2048, 4096}, {4096, 8192}};

/* What the child has to tell. */
struct told {
    uint32_t status;
    char line[LINE_BYTES];
    struct conflicts conflicts;
};

/* ---- one run, in the child ---- */

struct bench {
    const struct device_api *api;
    struct device *device;
    struct kernel *kernel;
    struct access_log *log;
};

static enum status allocate(const struct bench *bench, size_t bytes, void **out)
{
    *out = NULL;
    return bytes ? bench->api->allocate(bench->device, bytes, 256, out) : STATUS_OK;
}

/* Lengths and tables say where kernels read; on other values nothing depends. */
static enum status fill(const struct bench *bench, const struct problem *problem,
                        const struct operand *operand, unsigned index, void *memory)
{
    const struct op_proof *proof = op_proof_find(problem->op->name);
    if (operand->type != DTYPE_I32 || operand->role == OPERAND_OUTPUT || !memory || !proof) return STATUS_OK;
    size_t bytes = operand_bytes(operand);
    void *host = calloc(1, bytes);
    if (!host) return status_fail(STATUS_NO_MEMORY, "no memory for %s", operand->name);
    proof->fill(problem, operand, index, PROOF_NORMAL, 1, host);
    enum status status = bench->api->upload(bench->device, memory, host, bytes);
    free(host);
    return status;
}

/* Up to the first kernel; sums of parts and the like come behind it. */
static void cut_launch(struct kernel_launch *launch)
{
    for (uint32_t i = 0; i < launch->n_steps; i++)
        if (launch->steps[i].function) launch->n_steps = i + 1;
}

static enum status run(const struct bench *bench, const struct problem *problem, struct conflicts *out,
                       const char *target)
{
    struct kernel_launch launch;
    struct operand operands[OP_OPERANDS_MAX];
    void *pointers[OP_OPERANDS_MAX] = {NULL}, *workspace;
    _Alignas(KERNEL_ARGS_ALIGNMENT) char args[KERNEL_ARGS_BYTES_MAX] = {0};
    unsigned n = problem->op->operands(problem, operands);
    TRY(kernel_bind(bench->kernel, problem, &launch));
    cut_launch(&launch);
    for (unsigned i = 0; i < n; i++) {
        TRY(allocate(bench, operand_bytes(&operands[i]), &pointers[i]));
        TRY(fill(bench, problem, &operands[i], i, pointers[i]));
    }
    TRY(allocate(bench, launch.workspace_bytes + launch.scratch_bytes, &workspace));
    problem->op->bind(problem, pointers, workspace, args);
    TRY(kernel_prepare(bench->kernel, &launch, problem, args));
    access_log_clear(bench->log);
    TRY(kernel_run(bench->kernel, &launch, args, launch.args_bytes, workspace, NULL));
    for (unsigned i = 0; i < n; i++) bench->api->release(bench->device, pointers[i]);
    bench->api->release(bench->device, workspace);
    return access_log_conflicts(bench->log, target, out);
}

/* What the longer run took more; all of it where that is nothing. */
static void subtract(struct conflicts *longer, const struct conflicts *shorter)
{
    for (int writes = 0; writes < 2; writes++)
        for (int width = 0; width < LDS_WIDTHS; width++) {
            struct conflict_part *a = &longer->parts[writes][width];
            const struct conflict_part *b = &shorter->parts[writes][width];
            bool more =
                a->accesses > b->accesses && a->cycles > b->cycles && a->least_cycles > b->least_cycles;
            if (!more) continue;
            a->accesses -= b->accesses;
            a->cycles -= b->cycles;
            a->least_cycles -= b->least_cycles;
        }
}

static enum status run_all(const struct conflict_request *request, const struct candidate *candidate,
                           const struct problem problems[2], unsigned n, struct conflicts *out)
{
    struct bench bench = {.api = device_find("emu"), .log = access_log_create()};
    struct conflicts shorter = {0};
    const char *target = request->info->device_class.target;
    if (!bench.log) return status_fail(STATUS_NO_MEMORY, "no memory for a log of accesses");
    struct device_watch watch = access_log_watch(bench.log);
    struct device_options options = {.threads = 1, .target = request->gpu, .watch = &watch};
    enum status status = bench.api->open(0, &options, &bench.device);
    if (status == STATUS_OK)
        status = kernel_load(bench.api, bench.device, &candidate->descriptor, candidate->job.code.data,
                             candidate->job.code.size, &bench.kernel);
    if (status == STATUS_OK && n > 1) status = run(&bench, &problems[0], &shorter, target);
    if (status == STATUS_OK) status = run(&bench, &problems[n - 1], out, target);
    if (status == STATUS_OK && n > 1) subtract(out, &shorter);
    return status; /* the process ends: nothing is released */
}

static void child(const struct conflict_request *request, const struct candidate *candidate,
                  const struct problem problems[2], unsigned n, int pipe_end)
{
    struct told told = {0};
    told.status = run_all(request, candidate, problems, n, &told.conflicts);
    if (told.status != STATUS_OK) snprintf(told.line, sizeof told.line, "%s", status_message());
    ssize_t written = write(pipe_end, &told, sizeof told);
    _exit(written == sizeof told ? 0 : 1);
}

/* ---- the parent ---- */

static bool receive(int pipe_end, struct told *told)
{
    size_t got = 0;
    uint64_t deadline = clock_ns() + (uint64_t)RUN_MS * 1000000u;
    while (got < sizeof *told) {
        struct pollfd wait = {.fd = pipe_end, .events = POLLIN};
        uint64_t now = clock_ns();
        int ready = now < deadline ? poll(&wait, 1, (int)((deadline - now) / 1000000u) + 1) : 0;
        ssize_t n = ready > 0 ? read(pipe_end, (char *)told + got, sizeof *told - got) : 0;
        if (n <= 0) return false;
        got += (size_t)n;
    }
    return true;
}

static enum status run_apart(const struct conflict_request *request, const struct candidate *candidate,
                             const struct problem problems[2], unsigned n, struct conflicts *out)
{
    struct told told = {.status = STATUS_IO};
    int ends[2], ended = 0;
    pid_t parent = getpid();
    if (pipe(ends) != 0) return status_fail_errno(STATUS_IO, "no pipe for an emulated run");
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        setpgid(0, 0);
        if (!worker_bind_to_parent(parent)) _exit(1);
        child(request, candidate, problems, n, ends[1]);
    }
    close(ends[1]);
    bool heard = pid > 0 && receive(ends[0], &told);
    close(ends[0]);
    if (pid < 0) return status_fail_errno(STATUS_IO, "no child for an emulated run");
    worker_reap(pid, heard ? 1000 : 0, &ended);
    if (!heard) return status_fail(STATUS_IO, "the emulated run did not end as it should");
    *out = told.conflicts;
    return told.status == STATUS_OK ? STATUS_OK : status_fail((enum status)told.status, "%s", told.line);
}

/* Two problems that differ in k alone and have one grid, or the problem itself. */
static unsigned choose_problems(const struct conflict_request *request, const struct descriptor *descriptor,
                                struct problem problems[2])
{
    int k = op_field_index(request->problem->op, "k");
    for (size_t i = 0; k >= 0 && i < sizeof lengths / sizeof *lengths; i++) {
        struct paper_launch launches[2];
        bool covered = true;
        for (int j = 0; j < 2; j++) {
            problems[j] = *request->problem;
            problems[j].value[k] = lengths[i][j];
            covered =
                covered && lengths[i][j] <= request->problem->value[k] &&
                paper_bind(descriptor, &problems[j], &request->info->facts, &launches[j]) == STATUS_OK &&
                launches[j].n_steps;
        }
        if (covered && memcmp(launches[0].steps[0].grid, launches[1].steps[0].grid,
                              sizeof launches[0].steps[0].grid) == 0)
            return 2;
    }
    problems[0] = *request->problem;
    return 1;
}

static enum status compile(struct tuning *tuning, const char *configuration_text, struct candidate *candidate)
{
    struct configuration configuration;
    if (!tuning_configuration(tuning, configuration_text, &configuration))
        return status_fail(STATUS_NOT_COVERED, "%s has no such configuration for this problem here",
                           tuning->manifest->name);
    TRY(candidate_prepare(tuning, &configuration, candidate));
    TRY(compile_run(&candidate->job, 1, 1, COMPILE_MS, NULL));
    if (candidate->job.verdict == VERDICT_OK) return STATUS_OK;
    return status_fail(STATUS_BAD_DATA, "the emulator's compiler: %s", candidate->job.detail);
}

enum status conflict_run(const struct conflict_request *request, struct conflicts *out)
{
    struct text identity = {0};
    struct tuning tuning = {.space = NULL};
    struct candidate candidate = {.tuning = NULL};
    struct problem problems[2];
    const char *target = request->info->device_class.target;
    const struct compiler_api *compiler = compiler_find("emu");
    *out = (struct conflicts){0};
    if (!instruction_has_target(target))
        return status_fail(STATUS_NOT_COVERED, "the banks of %s are not known", target);
    if (!compiler || !device_find("emu"))
        return status_fail(STATUS_UNAVAILABLE, "this program was built without the emulator");
    enum status status = compiler->identify(target, &identity);
    struct tuning_scene scene = {request->problem, &request->info->facts, target, compiler,
                                 text_string(&identity)};
    if (status == STATUS_OK) status = tuning_open(&scene, request->manifest, &tuning);
    if (status == STATUS_OK) status = compile(&tuning, request->configuration, &candidate);
    if (status == STATUS_OK) {
        candidate_compiled(&candidate);
        unsigned n = choose_problems(request, &candidate.descriptor, problems);
        status = run_apart(request, &candidate, problems, n, out);
    }
    candidate_free(&candidate);
    tuning_close(&tuning);
    text_free(&identity);
    return status;
}
