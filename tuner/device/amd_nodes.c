#include "tuner/device/amd_nodes.h"

#include <dirent.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 512, VENDOR_AMD = 0x1002 };

static bool is_here(const char *root, const char *path)
{
    char whole[PATH_BYTES];
    snprintf(whole, sizeof whole, "%s%s", root, path);
    return access(whole, F_OK) == 0;
}

/* The number in a file such as "0x1002"; 0 where there is none. */
static unsigned long read_number(const char *path)
{
    char line[32] = "";
    FILE *file = fopen(path, "re");
    if (file && !fgets(line, sizeof line, file)) line[0] = 0;
    if (file) fclose(file);
    return strtoul(line, NULL, 0);
}

/* Classes of PCI devices: 0x03 displays, 0x12 processing accelerators, as an MI300X says of itself. */
static unsigned count_gpus(const char *root)
{
    char path[PATH_BYTES];
    unsigned n = 0;
    snprintf(path, sizeof path, "%s/sys/bus/pci/devices", root);
    DIR *folder = opendir(path);
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        if (entry->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "%.100s/sys/bus/pci/devices/%.40s/vendor", root, entry->d_name);
        if (read_number(path) != VENDOR_AMD) continue;
        snprintf(path, sizeof path, "%.100s/sys/bus/pci/devices/%.40s/class", root, entry->d_name);
        unsigned long class = read_number(path) >> 16;
        n += class == 0x03 || class == 0x12;
    }
    if (folder) closedir(folder);
    return n;
}

static bool may_open(const struct amd_who *who, const char *path, const struct stat *node)
{
    if (!who) return access(path, R_OK | W_OK) == 0; /* lists of access count too */
    bool member = false;
    for (unsigned i = 0; i < who->n_groups; i++) member |= who->groups[i] == node->st_gid;
    mode_t needed = who->user == node->st_uid ? S_IRUSR | S_IWUSR
                    : member                  ? S_IRGRP | S_IWGRP
                                              : S_IROTH | S_IWOTH;
    return who->user == 0 || (node->st_mode & needed) == needed;
}

/* The group's name is the kernel's number where nobody here has named it, as in a container. */
static bool check_node(const char *root, const char *name, const struct amd_who *who, struct amd_nodes *out)
{
    char path[PATH_BYTES];
    struct stat node;
    snprintf(path, sizeof path, "%.200s%.100s", root, name);
    if (stat(path, &node) != 0 || may_open(who, path, &node)) return true;
    const struct group *group = getgrgid(node.st_gid);
    out->state = AMD_NODES_DENIED;
    snprintf(out->node, sizeof out->node, "%s", name);
    if (group)
        snprintf(out->group, sizeof out->group, "%s", group->gr_name);
    else
        snprintf(out->group, sizeof out->group, "%lu", (unsigned long)node.st_gid);
    return false;
}

/* Nodes of other vendors' GPUs stand there too; of what is not told we believe that it is AMD's. */
static bool is_amd_render(const char *root, const char *name)
{
    char path[PATH_BYTES];
    if (strncmp(name, "renderD", 7) != 0) return false;
    snprintf(path, sizeof path, "%.200s/sys/class/drm/%.32s/device/vendor", root, name);
    unsigned long vendor = read_number(path);
    return !vendor || vendor == VENDOR_AMD;
}

static void check_renders(const char *root, const struct amd_who *who, struct amd_nodes *out)
{
    char path[PATH_BYTES];
    unsigned n = 0;
    snprintf(path, sizeof path, "%s/dev/dri", root);
    DIR *folder = opendir(path);
    for (struct dirent *entry; folder && out->state == AMD_NODES_FINE && (entry = readdir(folder));) {
        if (!is_amd_render(root, entry->d_name)) continue;
        snprintf(path, sizeof path, "/dev/dri/%.32s", entry->d_name);
        check_node(root, path, who, out);
        n++;
    }
    if (folder) closedir(folder);
    if (!n) out->state = AMD_NODES_NO_RENDER;
}

void amd_nodes_look(const char *root, const struct amd_who *who, struct amd_nodes *out)
{
    char path[PATH_BYTES];
    *out = (struct amd_nodes){.state = AMD_NODES_FINE, .gpus = count_gpus(root)};
    out->in_container = is_here(root, "/.dockerenv") || is_here(root, "/run/.containerenv");
    snprintf(path, sizeof path, "%s/sys/module/amdgpu/version", root);
    FILE *file = fopen(path, "re");
    if (file && fgets(out->driver, sizeof out->driver, file)) out->driver[strcspn(out->driver, "\n")] = 0;
    if (file) fclose(file);
    bool kfd = is_here(root, "/dev/kfd");
    if (!kfd && !out->gpus)
        out->state = AMD_NODES_NO_GPU;
    else if (!kfd)
        out->state = is_here(root, "/sys/module/amdgpu") ? AMD_NODES_NO_KFD : AMD_NODES_NO_DRIVER;
    else if (check_node(root, "/dev/kfd", who, out))
        check_renders(root, who, out);
}

static const char container[] =
    "start the container with --device=/dev/kfd --device=/dev/dri --group-add video --group-add render";

static void tell_denied(const struct amd_nodes *nodes, struct amd_nodes_words *out)
{
    const char *group = nodes->group;
    bool numbered = group[strspn(group, "0123456789")] == 0;
    snprintf(out->found, sizeof out->found, "%s: permission denied; group %s owns it", nodes->node, group);
    if (nodes->in_container)
        snprintf(out->advice, sizeof out->advice, "start the container with --group-add %s", group);
    else if (numbered)
        snprintf(out->advice, sizeof out->advice,
                 "no group here has the number %s: give it a name (groupadd -g %s render), then usermod -aG "
                 "render USER and log in again",
                 group, group);
    else
        snprintf(out->advice, sizeof out->advice,
                 "add yourself to group %s: usermod -aG %s%s USER as root, then log in again", group, group,
                 strcmp(group, "render") == 0 ? ",video" : "");
}

void amd_nodes_tell(const struct amd_nodes *nodes, struct amd_nodes_words *out)
{
    *out = (struct amd_nodes_words){{0}, {0}};
    switch (nodes->state) {
    case AMD_NODES_NO_GPU:
    case AMD_NODES_FINE: return;
    case AMD_NODES_NO_DRIVER:
        snprintf(out->found, sizeof out->found, "%u AMD GPU%s, and the kernel's driver amdgpu is not loaded",
                 nodes->gpus, nodes->gpus > 1 ? "s" : "");
        snprintf(out->advice, sizeof out->advice,
                 "modprobe amdgpu, or install amdgpu-dkms from repo.radeon.com; a virtual machine needs the "
                 "GPU passed through");
        return;
    case AMD_NODES_NO_KFD:
        snprintf(out->found, sizeof out->found, "the driver amdgpu is loaded, and there is no /dev/kfd");
        snprintf(out->advice, sizeof out->advice, "%s",
                 nodes->in_container ? container
                                     : "the kernel was built without CONFIG_HSA_AMD, or the driver refused "
                                       "the GPU: dmesg | grep kfd; in a container: --device=/dev/kfd "
                                       "--device=/dev/dri --group-add render");
        return;
    case AMD_NODES_NO_RENDER:
        snprintf(out->found, sizeof out->found, "there is /dev/kfd, and no /dev/dri/renderD* of an AMD GPU");
        snprintf(out->advice, sizeof out->advice, "%s",
                 nodes->in_container ? container
                                     : "dmesg | grep amdgpu says why; in a container: --device=/dev/dri");
        return;
    case AMD_NODES_DENIED: tell_denied(nodes, out);
    }
}
