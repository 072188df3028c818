/* Shared by the files of a prediction and its tests; nobody else includes it. */
#ifndef TUNEBOOK_PREDICT_INTERNAL_H
#define TUNEBOOK_PREDICT_INTERNAL_H

#include <pthread.h>
#include "tuner/predict.h"
#include "tuner/ranking.h"
#include "tuner/tuning.h"

/* One kernel on its way, whatever problems want it. */
struct predict_kernel {
    const struct manifest *manifest;
    struct problem problem;    /* the first that wants it */
    int64_t slots[SLOT_COUNT]; /* of that problem, the device and the configuration */
    struct candidate candidate;
    bool compiled, stored; /* has its verdict; is in the book */
    enum verdict passed;   /* VERDICT_STARTED: not known yet */
    char detail[320];      /* why it did not compile or pass */
};

/* A configuration of one problem that may be among its best. */
struct predict_front {
    struct predict_kernel *kernel; /* the table's */
    struct model_kernel shape;
    double ns;
    const char *bound;
};

/* So many are ranked, and PREDICT_FRONTS of them are chosen. */
enum { PREDICT_RANKED = 32 };

/* One problem at work. */
struct predict_task {
    struct problem problem;
    char key[KEY_BYTES_MAX + 1], defaults_key[KEY_BYTES_MAX + 1]; /* its record's, and its target's */
    struct model_device device;
    struct model_work work;
    struct predict_front fronts[PREDICT_RANKED];
    size_t n;
    struct predict_result result;
};

struct predict {
    const struct predict_options *options;
    struct predict_summary *summary;
    struct device_class device_class;
    struct device_facts facts;
    const struct compiler_api *compiler, *emulator;
    struct text identity, emulator_identity;
    struct hash environment; /* of emulated trials */
    unsigned jobs;
    struct predict_kernel **kernels;
    size_t n_kernels, capacity;
    pthread_mutex_t lock;
};

/* Runs work(context, i) for each i below n, as many side by side as there are jobs; the first failure ends it
 * and is the answer. */
typedef enum status predict_work(void *context, size_t i);
enum status predict_side_by_side(const struct predict *predict, size_t n, predict_work *work, void *context);

/* predict_rank.c: what of a problem may become its fronts, each with a kernel of its own (malloc'd), best
 * first. The result's note says why where there are none. */
enum status predict_rank(const struct predict *predict, struct predict_task *task);

/* predict_compile.c: makes what has no verdict yet for the target, from the book, the cache or anew. */
enum status predict_compile(struct predict *predict, struct predict_kernel *const *kernels, size_t n);
/* By what the compiler made of them: times again with the registers that it took, those that spill behind
 * those that do not, those that did not compile last. */
void predict_judge(struct predict_task *task);

/* predict_verify.c: the emulated environment into the book; what earlier runs found of kernels of these
 * types; verification of those that are not known, and their trials into the book. */
enum status predict_verify_begin(struct predict *predict);
enum status predict_recall(struct predict *predict, const char *defaults_key);
enum status predict_verify(struct predict *predict, struct predict_kernel *const *kernels, size_t n);

/* predict_record.c: what a problem's record says of predictions. */
bool predict_is_usable(const struct predict_front *front);
enum status predict_record(struct predict *predict, struct predict_task *task);

#endif
