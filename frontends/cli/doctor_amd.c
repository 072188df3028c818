/* AMD's GPUs as the kernel has them, whatever the runtime says. */
#include "frontends/cli/doctor.h"
#include "tuner/device/amd_nodes.h"

void doctor_check_amd(const char *root, struct findings *findings)
{
    static struct amd_nodes_words words; /* the finding points to its advice */
    struct amd_nodes nodes;
    amd_nodes_look(root, NULL, &nodes);
    amd_nodes_tell(&nodes, &words);
    if (*words.found)
        finding_add(findings, "AMD GPU", FINDING_ADVICE, words.advice, "%s", words.found);
    else if (nodes.state == AMD_NODES_FINE)
        finding_add(findings, "AMD GPU", FINDING_OK, "", "/dev/kfd and /dev/dri can be opened; amdgpu %s",
                    *nodes.driver ? nodes.driver : "of the kernel");
}
