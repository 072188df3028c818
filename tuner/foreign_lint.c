/* Rows of other tools' tables: do time, size and rates agree, and can the part do it? */
#include "tuner/foreign.h"

/* Tables round: figures to two decimals, times to one. */
static bool agree(double said, double computed, double step)
{
    double difference = said > computed ? said - computed : computed - said;
    return difference <= 0.05 * computed + step;
}

bool foreign_lint(const struct foreign_row *row, const struct physics *physics, lint_visit *visit,
                  void *context)
{
    struct lint_finding about = {.entry = LINT_RECORD};
    struct op_work work;
    if (!row->problem.op) return lint_tell(visit, context, &about, LINT_FOREIGN_ROW, "%s", row->why);
    if (row->ns <= 0) return true;
    row->problem.op->work(&row->problem, &work);
    double tflops = work.flops / row->ns / 1e3, gbps = work.bytes / row->ns;
    if (row->tflops >= 0 && !agree(row->tflops, tflops, 0.01) &&
        !lint_tell(visit, context, &about, LINT_RATE,
                   "%.4g GFLOP in %.4g us are %.4g TFLOP/s, and the row says %.4g", work.flops / 1e9,
                   row->ns / 1e3, tflops, row->tflops))
        return false;
    if (row->gbps >= 0 && !agree(row->gbps, gbps, 1) &&
        !lint_tell(visit, context, &about, LINT_TRAFFIC,
                   "%.4g MB in %.4g us are %.4g GB/s, and the row says %.4g", work.bytes / 1e6, row->ns / 1e3,
                   gbps, row->gbps))
        return false;
    if (!physics) return true;
    struct lint_time time = {&row->problem, physics, row->ns, false};
    return lint_time(&time, &about, visit, context);
}
