#include "tuner/base/file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

/* Magic numbers from Linux's linux/magic.h and, where a file system lives outside the kernel tree, its own
 * sources. */
static const struct {
    uint32_t magic;
    const char *name;
} network_magics[] = {
    {0x6969, "NFS"},        {0x517b, "SMB"},      {0xff534d42, "CIFS"}, {0xfe534d42, "SMB"},
    {0x0bd00bd0, "Lustre"}, {0x47504653, "GPFS"}, {0x5346414f, "AFS"},  {0x6b414653, "AFS"},
    {0x01021997, "9p"},     {0x00c36400, "Ceph"}, {0x73757245, "Coda"}, {0x19830326, "BeeGFS"},
};

/* FUSE is one magic for all: the type of the mount tells a remote one from a local one. */
static const uint32_t fuse_magic = 0x65735546;
static const struct {
    const char *type, *name;
} network_fuses[] = {
    {"fuse.sshfs", "sshfs"},         {"fuse.glusterfs", "GlusterFS"}, {"fuse.ceph", "Ceph"},
    {"fuse.ceph-fuse", "Ceph"},      {"fuse.s3fs", "s3fs"},           {"fuse.rclone", "rclone"},
    {"fuse.gcsfuse", "gcsfuse"},     {"fuse.juicefs", "JuiceFS"},     {"fuse.moosefs", "MooseFS"},
    {"fuse.lizardfs", "LizardFS"},   {"fuse.mfs", "MooseFS"},         {"fuse.davfs", "WebDAV"},
    {"fuse.blobfuse2", "blobfuse2"}, {"fuse.smbnetfs", "SMB"},        {"virtiofs", "virtiofs"},
};

const char *file_network_name(uint32_t magic, const char *mount_type)
{
    for (size_t i = 0; i < sizeof network_magics / sizeof *network_magics; i++)
        if (network_magics[i].magic == magic) return network_magics[i].name;
    if (magic != fuse_magic) return NULL;
    for (size_t i = 0; i < sizeof network_fuses / sizeof *network_fuses; i++)
        if (strcmp(network_fuses[i].type, mount_type) == 0) return network_fuses[i].name;
    return NULL;
}

/* The type of the mount that holds `device`, from proc(5)'s mountinfo: `36 35 98:0 / /mnt rw - ext4 ...`. */
static void mount_type_of(dev_t device, char type[64])
{
    type[0] = 0;
    FILE *file = fopen("/proc/self/mountinfo", "re");
    if (!file) return;
    char *line = NULL;
    size_t capacity = 0;
    unsigned device_major, device_minor;
    while (!type[0] && getline(&line, &capacity, file) > 0) {
        const char *tail = strstr(line, " - ");
        if (tail && sscanf(line, "%*d %*d %u:%u", &device_major, &device_minor) == 2 &&
            device_major == major(device) && device_minor == minor(device))
            if (sscanf(tail, " - %63s", type) != 1) type[0] = 0;
    }
    free(line);
    fclose(file);
}

bool file_on_network(const char *path, const char **name)
{
    char there[PATH_MAX];
    if (strlen(path) >= sizeof there) return false;
    strcpy(there, *path ? path : ".");
    struct statfs system;
    while (statfs(there, &system) != 0) {
        if (errno != ENOENT && errno != ENOTDIR) return false;
        char *slash = strrchr(there, '/');
        if (!slash && strcmp(there, ".") == 0) return false;
        if (slash == there && !there[1]) return false;
        if (!slash)
            strcpy(there, ".");
        else
            slash[slash == there] = 0; /* "/x" becomes "/" */
    }
    uint32_t magic = (uint32_t)system.f_type;
    char type[64] = "";
    struct stat status;
    if (magic == fuse_magic && stat(there, &status) == 0) mount_type_of(status.st_dev, type);
    const char *found = file_network_name(magic, type);
    if (found) *name = found;
    return found != NULL;
}
