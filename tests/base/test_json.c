#include "tests/base/check.h"

#include "tuner/base/json.h"

static const struct json_source source = {"x.json"};

static enum status parse(const char *text, size_t size)
{
    /* A copy of exactly that size, so that reading beyond it is seen by the sanitizer. */
    char *bytes = malloc(size ? size : 1);
    memcpy(bytes, text, size);
    cJSON *root = NULL;
    enum status status = json_parse(&source, bytes, size, &root);
    free(bytes);
    if (status != STATUS_OK) assert_null(root);
    cJSON_Delete(root);
    return status;
}

static cJSON *parsed(const char *text)
{
    cJSON *root;
    assert_ok(json_parse(&source, text, strlen(text), &root));
    return root;
}

static void test_accepts(void **state)
{
    (void)state;
    static const struct {
        const char *text, *printed;
    } cases[] = {
        {"{}", "{}"},
        {" [ ]\n", "[]"},
        {"true", "true"},
        {"\"\\u00e9\\ud83d\\ude00\\n\"", "\"\xc3\xa9\xf0\x9f\x98\x80\\n\""},
        {"[0,-0.5e+2,1E3,9007199254740991]", "[0,-50,1000,9007199254740991]"},
        {"{\"a\":{\"a\":1},\"b\":[{\"a\":2},{\"a\":3}]}", "{\"a\":{\"a\":1},\"b\":[{\"a\":2},{\"a\":3}]}"},
        {"\"\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf\"", "\"\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf\""},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        assert_ok(parse(cases[i].text, strlen(cases[i].text)));
        cJSON *root = parsed(cases[i].text);
        struct text out = {0};
        json_print(root, false, &out);
        assert_string_equal(text_string(&out), cases[i].printed);
        text_free(&out);
        cJSON_Delete(root);
    }
}

static void test_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "x.json:1:1: a value expected, found the end"},
        {"\xef\xbb\xbf{}", "x.json:1:1: begins with a byte order mark; save it without"},
        {"{} x", "x.json:1:4: the end expected, found 'x'"},
        {"{}\n{}", "x.json:2:1: the end expected, found '{'"},
        {"{\"a\":1,\n \"b\":2,\n \"a\":3}", "x.json:3:2: \"a\" is there twice"},
        {"{\"b\":1,\"b\":2,\"a\":3,\"a\":4}", "x.json:1:8: \"b\" is there twice"},
        {"[{\"a\":[{\"k\":1,\"\\u006b\":2}]},{\"b\":1}]", "x.json:1:15: \"\\u006b\" is there twice"},
        {"{\"a\" 1}", "x.json:1:6: ':' expected, found '1'"},
        {"{\"a\":1 \"b\":2}", "x.json:1:8: ',' or '}' expected, found '\"'"},
        {"[1 2]", "x.json:1:4: ',' or ']' expected, found '2'"},
        {"[1,]", "x.json:1:4: a value expected, found ']'"},
        {"{\"a\":1,}", "x.json:1:8: a member's name in quotes expected, found '}'"},
        {"{a:1}", "x.json:1:2: a member's name in quotes expected, found 'a'"},
        {"[", "x.json:1:2: a value expected, found the end"},
        {"{\"a\":", "x.json:1:6: a value expected, found the end"},
        {"[01]", "x.json:1:2: a number does not begin with 0"},
        {"[-]", "x.json:1:3: a digit expected, found ']'"},
        {"[1.]", "x.json:1:4: a digit expected, found ']'"},
        {"[1e+]", "x.json:1:5: a digit expected, found ']'"},
        {"[1e400]", "x.json:1:2: this number is too large"},
        {"1234567890123456789012345678901234567890123456789012345678901234",
         "x.json:1:1: a number of more than 62 characters"},
        {"[+1]", "x.json:1:2: a value expected, found '+'"},
        {"[nul]", "x.json:1:2: a value expected, found 'n'"},
        {"[True]", "x.json:1:2: a value expected, found 'T'"},
        {"[NaN]", "x.json:1:2: a value expected, found 'N'"},
        {"// c\n1", "x.json:1:1: a value expected, found '/'"},
        {"[\"\xc3\xa9\", \x01]", "x.json:1:7: a value expected, found byte 0x01"},
        {"\"abc", "x.json:1:1: this string has no end"},
        {"\"a\nb\"", "x.json:1:3: line break or control character in a string; escape it"},
        {"\"a\\x\"", "x.json:1:3: unknown escape in a string"},
        {"\"\\u12g4\"", "x.json:1:2: \\u wants four hex digits"},
        {"\"\\u12", "x.json:1:2: \\u wants four hex digits"},
        {"\"\\u0000\"", "x.json:1:2: \\u0000 is not allowed"},
        {"\"\\ud800\"", "x.json:1:2: half of a surrogate pair"},
        {"\"\\ude00\\ud83d\"", "x.json:1:2: half of a surrogate pair"},
        {"\"\\ud800\\u0041\"", "x.json:1:2: half of a surrogate pair"},
        {"\"\xff\"", "x.json:1:2: invalid UTF-8"},
        {"\"\xc0\x80\"", "x.json:1:2: invalid UTF-8"},
        {"\"\xe0\x9f\xbf\"", "x.json:1:2: invalid UTF-8"},
        {"\"\xed\xa0\x80\"", "x.json:1:2: invalid UTF-8"},
        {"\"\xf4\x90\x80\x80\"", "x.json:1:2: invalid UTF-8"},
        {"\"\xf0\x8f\xbf\xbf\"", "x.json:1:2: invalid UTF-8"},
        {"\"\xe2\x82", "x.json:1:2: invalid UTF-8"},
    };
    for (size_t i = 0; i < N_OF(cases); i++)
        assert_fails(parse(cases[i].text, strlen(cases[i].text)), STATUS_BAD_DATA, cases[i].message);
    assert_fails(parse("[1]\0", 4), STATUS_BAD_DATA, "x.json:1:4: the end expected, found byte 0x00");
    assert_fails(parse("\"a\0b\"", 5), STATUS_BAD_DATA,
                 "x.json:1:3: line break or control character in a string; escape it");
    assert_fails(parse("\"\\\0\"", 4), STATUS_BAD_DATA, "x.json:1:2: unknown escape in a string");
}

static void test_nesting(void **state)
{
    (void)state;
    char text[200] = "";
    memset(text, '[', 64);
    memset(text + 64, ']', 64);
    assert_ok(parse(text, 128));
    memset(text, '[', 65);
    memset(text + 65, ']', 65);
    assert_fails(parse(text, 130), STATUS_BAD_DATA, "x.json:1:65: nested deeper than 64");
}

/* Cut anywhere or changed anywhere, a document is refused or read, never misread into a crash. */
static void test_cut_and_changed(void **state)
{
    (void)state;
    const char *whole = "{\"n\":[1,-2.5e1,true,null],\"s\":\"\\u00e9\xc3\xa9\\\\\",\"o\":{\"k\":{}}}";
    size_t size = strlen(whole);
    for (size_t n = 0; n < size; n++) assert_int_equal(parse(whole, n), STATUS_BAD_DATA);
    char changed[100];
    for (size_t at = 0; at < size; at++) {
        for (int byte = 0; byte < 256; byte++) {
            memcpy(changed, whole, size);
            changed[at] = (char)byte;
            enum status status = parse(changed, size);
            assert_true(status == STATUS_OK || status == STATUS_BAD_DATA);
        }
    }
}

/* Sorted, not compared pairwise: a hundred thousand names take no noticeable time. */
static void test_many_members(void **state)
{
    (void)state;
    struct text text = {0};
    enum { N = 100000 };
    text_append(&text, "{");
    for (int i = 0; i < N; i++) text_format(&text, "\"k%d\":%d,\n", i, i);
    size_t before = text.size;
    text_append(&text, "\"last\":0}");
    assert_ok(parse(text.data, text.size));
    text.size = before;
    text_append(&text, "\"k7\":0}");
    assert_fails(parse(text.data, text.size), STATUS_BAD_DATA, "x.json:100001:1: \"k7\" is there twice");
    text_free(&text);
}

static void test_members(void **state)
{
    (void)state;
    cJSON *root =
        parsed("{\"s\":\"text\",\"i\":-42,\"d\":2.5,\"a\":[1],\"o\":{\"n\":null},\"big\":9007199254740992,"
               "\"t\":true}");
    const char *string = NULL;
    int64_t integer = 0;
    double number = 0;
    const cJSON *value = NULL;
    assert_ok(json_string(&source, root, "s", &string));
    assert_string_equal(string, "text");
    assert_ok(json_int64(&source, root, "i", &integer));
    assert_int_equal(integer, -42);
    assert_ok(json_double(&source, root, "d", &number));
    assert_true(number == 2.5);
    assert_ok(json_array(&source, root, "a", &value));
    assert_int_equal(cJSON_GetArraySize(value), 1);
    assert_ok(json_object(&source, root, "o", &value));

    assert_fails(json_string(&source, root, "S", &string), STATUS_BAD_DATA,
                 "x.json: member \"S\" (a string) is missing");
    assert_fails(json_string(&source, root, "i", &string), STATUS_BAD_DATA,
                 "x.json: member \"i\" must be a string, found -42");
    assert_fails(json_int64(&source, root, "d", &integer), STATUS_BAD_DATA,
                 "x.json: member \"d\" must be an integer, found 2.5");
    assert_fails(json_int64(&source, root, "big", &integer), STATUS_BAD_DATA,
                 "x.json: member \"big\" must be an integer below 2^53, found 9007199254740992");
    assert_fails(json_int64(&source, root, "s", &integer), STATUS_BAD_DATA,
                 "x.json: member \"s\" must be an integer, found a string");
    assert_fails(json_double(&source, root, "t", &number), STATUS_BAD_DATA,
                 "x.json: member \"t\" must be a number, found true");
    assert_fails(json_array(&source, root, "o", &value), STATUS_BAD_DATA,
                 "x.json: member \"o\" must be an array, found an object");
    assert_fails(json_object(&source, root, "a", &value), STATUS_BAD_DATA,
                 "x.json: member \"a\" must be an object, found an array");
    /* Inside a member, the member is named; where an object was expected, so is what stands there. */
    assert_fails(json_int64(&source, value, "n", &integer), STATUS_BAD_DATA,
                 "x.json in \"o\": member \"n\" must be an integer, found null");
    assert_fails(json_int64(&source, cJSON_GetObjectItem(root, "a"), "n", &integer), STATUS_BAD_DATA,
                 "x.json in \"a\": an object with member \"n\" was expected, found an array");
    assert_fails(json_int64(&source, NULL, "n", &integer), STATUS_BAD_DATA,
                 "x.json: an object with member \"n\" was expected, found nothing");
    assert_string_equal(string, "text");
    assert_int_equal(integer, -42);
    cJSON_Delete(root);
}

static void test_only(void **state)
{
    (void)state;
    static const char *const known[] = {"name", "parameters", "where"};
    cJSON *root = parsed("{\"name\":1,\"where\":{\"paramters\":2,\"zzz\":3}}");
    assert_ok(json_only(&source, root, known, N_OF(known)));
    const cJSON *inner = cJSON_GetObjectItem(root, "where");
    assert_fails(json_only(&source, inner, known, N_OF(known)), STATUS_BAD_DATA,
                 "x.json in \"where\": unknown member \"paramters\"; did you mean \"parameters\"?");
    cJSON_DeleteItemFromObject(cJSON_GetObjectItem(root, "where"), "paramters");
    assert_fails(json_only(&source, inner, known, N_OF(known)), STATUS_BAD_DATA,
                 "x.json in \"where\": unknown member \"zzz\"; known are name, parameters, where");
    assert_fails(json_only(&source, inner, NULL, 0), STATUS_BAD_DATA,
                 "x.json in \"where\": unknown member \"zzz\"; none is known");
    cJSON_Delete(root);
}

static void test_print(void **state)
{
    (void)state;
    struct text out = {0};
    cJSON *root = parsed("{\"a\":[1,0.1],\"e\":[],\"s\":\"\\u0001\\t\\\"/\"}");
    text_append(&out, "> ");
    json_print(root, false, &out);
    assert_string_equal(text_string(&out), "> {\"a\":[1,0.1],\"e\":[],\"s\":\"\\u0001\\t\\\"/\"}");
    text_clear(&out);
    json_print(root, true, &out);
    assert_string_equal(text_string(&out), "{\n  \"a\": [\n    1,\n    0.1\n  ],\n  \"e\": [],\n"
                                           "  \"s\": \"\\u0001\\t\\\"/\"\n}");
    json_print(NULL, false, &out);
    assert_true(out.failed);
    cJSON_Delete(root);
    text_free(&out);
}

static void test_numbers_read_back(void **state)
{
    (void)state;
    static const double numbers[] = {0.1 + 0.2, 9007199254740991.0,
                                     1e15,      999999999999999.0,
                                     -1e15,     1.0 / 3,
                                     5e-324,    0x1.fffffffffffffp1023,
                                     1e300,     -0.5,
                                     1e22,      123456789.125};
    for (size_t i = 0; i < N_OF(numbers); i++) {
        struct text out = {0};
        cJSON *root = cJSON_CreateNumber(numbers[i]);
        json_print(root, false, &out);
        cJSON_Delete(root);
        root = parsed(text_string(&out));
        if (root->valuedouble != numbers[i]) fail_msg("%a printed as %s", numbers[i], text_string(&out));
        cJSON_Delete(root);
        text_free(&out);
    }
    struct text out = {0};
    cJSON *root = cJSON_CreateNumber(-0.0);
    json_print(root, false, &out);
    assert_string_equal(text_string(&out), "-0");
    cJSON_Delete(root);
    text_clear(&out);
    root = cJSON_CreateNumber(1e308 * 10);
    json_print(root, false, &out);
    assert_string_equal(text_string(&out), "null");
    cJSON_Delete(root);
    text_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepts),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_nesting),
        cmocka_unit_test(test_cut_and_changed),
        cmocka_unit_test(test_many_members),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_only),
        cmocka_unit_test(test_print),
        cmocka_unit_test(test_numbers_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
