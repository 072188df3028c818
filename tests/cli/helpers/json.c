/* json PATH...: stdin must be exactly one JSON document; prints the value at each path ("problems.0.best",
 * "a.#" the number of members, "a.*" their names). */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const cJSON *step(const cJSON *at, const char *name)
{
    if (cJSON_IsArray(at)) return cJSON_GetArrayItem(at, atoi(name));
    return cJSON_GetObjectItemCaseSensitive(at, name);
}

static void print(const cJSON *at, const char *path)
{
    char copy[256];
    snprintf(copy, sizeof copy, "%s", path);
    for (char *save = NULL, *name = strtok_r(copy, ".", &save); name && at;
         name = strtok_r(NULL, ".", &save)) {
        if (strcmp(name, "#") == 0) {
            printf("%d\n", cJSON_GetArraySize(at));
            return;
        }
        if (strcmp(name, "*") == 0) {
            for (const cJSON *member = at->child; member; member = member->next)
                printf("%s%s", member->string ? member->string : "-", member->next ? " " : "\n");
            return;
        }
        at = step(at, name);
    }
    char *text = at ? cJSON_PrintUnformatted(at) : NULL;
    puts(text ? text : "(absent)");
    free(text);
}

int main(int argc, char **argv)
{
    static char bytes[4 << 20];
    size_t size = fread(bytes, 1, sizeof bytes - 1, stdin);
    const char *end;
    cJSON *root = cJSON_ParseWithLengthOpts(bytes, size + 1, &end, 1);
    if (!root || strlen(bytes) != size) {
        printf("not one JSON document: %.60s\n", bytes);
        return 1;
    }
    for (int i = 1; i < argc; i++) print(root, argv[i]);
    cJSON_Delete(root);
    return 0;
}
