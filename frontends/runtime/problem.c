/* Structs that callers fill, from programs built with an older or newer header. */
#include <string.h>
#include "frontends/runtime/runtime.h"

enum { STRUCT_BYTES_MAX = 4096 };

_Static_assert((int)TB_F64 == (int)DTYPE_F64 && (int)TB_F32 == (int)DTYPE_F32 &&
                   (int)TB_F16 == (int)DTYPE_F16 && (int)TB_BF16 == (int)DTYPE_BF16 &&
                   (int)TB_F8E4M3 == (int)DTYPE_F8E4M3 && (int)TB_F8E4M3FNUZ == (int)DTYPE_F8E4M3FNUZ &&
                   (int)TB_F8E5M2 == (int)DTYPE_F8E5M2 && (int)TB_I32 == (int)DTYPE_I32 &&
                   (int)TB_I8 == (int)DTYPE_I8,
               "tb_type has the numbers of enum dtype");
static enum status check_size(const char *what, size_t size, size_t least)
{
    if (size >= least && size <= STRUCT_BYTES_MAX) return STATUS_OK;
    return status_fail(STATUS_USAGE, "%s: struct_size is %zu; fill the struct with its _INIT macro first",
                       what, size);
}

enum status struct_read(const char *what, const void *in, size_t least, void *out, size_t newest)
{
    if (!in) return status_fail(STATUS_USAGE, "%s: the pointer is NULL", what);
    size_t size;
    memcpy(&size, in, sizeof size);
    TRY(check_size(what, size, least));
    for (size_t i = newest; i < size; i++)
        if (((const char *)in)[i] != 0)
            return status_fail(STATUS_USAGE,
                               "%s: sets a member that libtunebook %s does not know; update the library",
                               what, tb_version());
    memcpy(out, in, size < newest ? size : newest);
    memcpy(out, &newest, sizeof newest);
    return STATUS_OK;
}

enum status struct_writable(const char *what, size_t struct_size, size_t least, size_t newest,
                            size_t *writable)
{
    TRY(check_size(what, struct_size, least));
    *writable = struct_size < newest ? struct_size : newest;
    return STATUS_OK;
}

enum status problem_read(const struct op_api *api, const void *in, union given *canonical)
{
    memset(canonical, 0, sizeof *canonical);
    memcpy(canonical, api->initial, api->problem_bytes);
    TRY(struct_read(api->struct_name, in, api->problem_least, canonical, api->problem_bytes));
    api->canonize(canonical);
    return STATUS_OK;
}

enum status problem_convert(const struct op_api *api, const union given *canonical, struct problem *out)
{
    struct problem problem = {.op = api->op};
    api->convert(canonical, &problem);
    TRY(problem_check(&problem));
    *out = problem;
    return STATUS_OK;
}
