/* What stands between a process and AMD's GPUs: the kernel's driver and who may open its device nodes. */
#ifndef TUNEBOOK_DEVICE_AMD_NODES_H
#define TUNEBOOK_DEVICE_AMD_NODES_H

#include <stdbool.h>
#include <sys/types.h>

enum amd_nodes_state {
    AMD_NODES_NO_GPU,    /* none on the bus, and no node of one */
    AMD_NODES_NO_DRIVER, /* a GPU, and amdgpu is not loaded */
    AMD_NODES_NO_KFD,    /* the driver, and no /dev/kfd; in a container it was not passed in */
    AMD_NODES_NO_RENDER, /* /dev/kfd, and no /dev/dri/renderD* of an AMD GPU */
    AMD_NODES_DENIED,    /* there is one that this user may not open */
    AMD_NODES_FINE
};

struct amd_nodes {
    enum amd_nodes_state state;
    unsigned gpus;   /* on the bus */
    char node[64];   /* "/dev/kfd": the one that is denied */
    char group[64];  /* that owns it: "render", or a number without a name */
    char driver[64]; /* amdgpu's version; "" where the kernel's own, which has none */
    bool in_container;
};

/* Who asks; NULL is this process, as the kernel judges. */
struct amd_who {
    uid_t user;
    const gid_t *groups;
    unsigned n_groups;
};

/* `root` stands before "/dev" and "/sys"; "" is this machine. */
void amd_nodes_look(const char *root, const struct amd_who *who, struct amd_nodes *out);

/* What is the matter and what to do, a line each; both "" where all is well or there is no GPU. */
struct amd_nodes_words {
    char found[192], advice[256];
};
void amd_nodes_tell(const struct amd_nodes *nodes, struct amd_nodes_words *out);

#endif
