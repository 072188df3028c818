# Tunebook. README.md says what the targets are for.
#
#   all        build/autotune, build/libtunebook.so and .a            tune       install what is missing, build, sweep a minute
#   test soak  scaled and full tests                                   bench      ratios, interleaved pairs
#   asan fuzz  the tests under ASan and UBSan; libFuzzer, briefly      lint       arrows, proportions, format, warnings
#   gpu-check  all that needs a GPU                           gpu-bench  winners and cuBLASLt in turns (OPTIONS=...)
#   install    honours PREFIX and DESTDIR                              dist       a relocatable tarball
ifneq ($(shell uname -s),Linux)
$(error Tunebook needs Linux; this is $(shell uname -s))
endif

VERSION := 0.1.0
SONAME  := libtunebook.so.0
PREFIX  ?= /usr/local
BUILD   ?= build
CC      ?= cc
JOBS    := $(shell nproc)
# `make V=1` shows the commands whole.
Q       := $(if $(V),,@)
say      = $(if $(V),,@printf '  %-8s %s\n' $(1) $@)
OPT     ?= -O2 -g
WARN    := -Wall -Wextra -Wpedantic -Wstrict-prototypes -Wmissing-prototypes $(if $(CI),-Werror)
CPPFLAGS_ALL := -D_GNU_SOURCE -DTUNEBOOK_VERSION='"$(VERSION)"' -DTUNEBOOK_PREFIX='"$(PREFIX)"' -I. $(CPPFLAGS)
CFLAGS_ALL   := -std=c17 $(OPT) $(WARN) -fPIC -fvisibility=hidden -ffunction-sections -fdata-sections \
                -fno-asynchronous-unwind-tables -fno-math-errno -pthread $(CFLAGS)
LDLIBS_ALL   := -lcjson -larchive -lzstd -lsodium -llmdb -ldl -lm -pthread

# --- Rooms: one archive each, in link order: a room may use those behind it. tests/lint/arrows.txt is the finer rule.
# A .c beside a .json of the same name is a kernel: data here, compiled by autotune.
KERNELS  := $(patsubst %.json,%.c,$(wildcard templates/*/*.json))
base     := $(wildcard tuner/base/*.c)
search   := $(wildcard search/*.c)
templates := $(filter-out $(KERNELS),$(wildcard templates/*.c templates/*/*.c))
db       := $(wildcard db/*.c)
# The emulator is in autotune and the tests, and not in the runtime library.
device   := $(filter-out tuner/device/emu.c,$(wildcard tuner/device/*.c))
emulator := tuner/device/emu.c $(wildcard tuner/emulator/*.c)
launch   := $(wildcard tuner/launch/*.c)
tuner    := $(wildcard tuner/*.c tuner/code/*.c tuner/compile/*.c tuner/vendor/*.c)
runtime  := $(filter-out $(addprefix frontends/runtime/,example.c example_attention.c no_health.c),$(wildcard frontends/runtime/*.c))
# The library alone has these, before the archives, whose own are then left there.
library  := $(runtime) frontends/runtime/no_health.c
cli      := $(wildcard frontends/cli/*.c)
ROOMS    := tuner launch emulator device templates search db base

objects   = $(patsubst %.c,$(BUILD)/obj/%.o,$($(1)))
archives  = $(patsubst %,$(BUILD)/%.a,$(1))
# Emulated kernels find the emulator in the program that loads them.
EMULATOR_LINK := -Wl,--undefined=device_emu -Wl,--export-dynamic-symbol=device_emu \
                 -Wl,--export-dynamic-symbol=compiler_emu \
                 -Wl,--export-dynamic-symbol='emu_*' -Wl,--export-dynamic-symbol='__tsan_*' \
                 -Wl,--export-dynamic-symbol='__wrap___ubsan_*'
GENERATED := $(BUILD)/gen/templates_embedded.c
ALL_OBJECTS := $(foreach room,$(ROOMS) library cli,$(call objects,$(room)))

.PHONY: always all tune test soak bench gpu-check gpu-bench dist install lint asan fuzz format clean deps-build deps-dist deps-tune deps-test \
        test-programs bench-programs fuzz-programs system-book lint-aarch64 objects
all: $(BUILD)/autotune $(BUILD)/libtunebook.so $(BUILD)/libtunebook.a

define room_rule
$(BUILD)/$(1).a: $(call objects,$(1)) $(if $(filter templates,$(1)),$(BUILD)/obj/gen/templates_embedded.o)
	@rm -f $$@
	$$(call say,AR)
	$$(Q)$(AR) rcs $$@ $$^
endef
$(foreach room,$(ROOMS),$(eval $(call room_rule,$(room))))

$(BUILD)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c $< -o $@

# What runs once, when a device or a book is opened or a problem is checked, is made small: engines carry the library.
COLD := $(filter-out $(addprefix tuner/device/,cpu.c cpu_pool.c cuda.c gpu.c hip.c),$(wildcard tuner/device/*.c)) \
        $(wildcard templates/*.c templates/*/op.c tuner/base/*_facts.c tuner/base/gpu_target*.c tuner/base/file*.c) \
        $(addprefix db/,layers.c book_open.c book_file.c book_env.c book_private.c lookup_reason.c lookup_pin.c pin_digest.c descriptor_decode.c) \
        $(addprefix frontends/runtime/,book.c context.c journal.c status.c) tuner/base/cpu_measure.c templates/attention/lengths.c
$(COLD:%.c=$(BUILD)/obj/%.o): CFLAGS_ALL += $(if $(findstring -O2,$(OPT)),-Os)

# What knows PREFIX is made again where that changes.
$(BUILD)/obj/db/layers.o: $(BUILD)/prefix
$(BUILD)/prefix: always
	@mkdir -p $(@D)
	@echo '$(PREFIX)' | cmp -s - $@ || echo '$(PREFIX)' > $@

$(BUILD)/obj/gen/%.o: $(BUILD)/gen/%.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c $< -o $@

$(BUILD)/embed: $(BUILD)/obj/tools/embed.o $(BUILD)/obj/templates/source.o $(BUILD)/base.a
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS) $^ -lcjson -o $@

$(GENERATED): $(BUILD)/embed $(wildcard templates/*/*) $(wildcard templates/device/*)
	@mkdir -p $(@D)
	$(call say,EMBED)
	$(Q)$(BUILD)/embed templates $@

# autotune looks problems up through the runtime library's own code, so that its answer is the engine's.
$(BUILD)/autotune: $(call objects,cli) $(call objects,runtime) $(call archives,$(ROOMS))
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS) $(EMULATOR_LINK) -Wl,-rpath,'$$ORIGIN/../lib' $^ $(LDLIBS_ALL) -o $@

# --- The runtime library: libc and liblmdb only; nothing but tb_* leaves it, and it holds no emulator.
RUNTIME_ROOMS := launch device templates search db base
$(BUILD)/libtunebook.so: $(BUILD)/$(SONAME)
	ln -sf $(SONAME) $@

$(BUILD)/$(SONAME): $(call objects,library) $(call archives,$(RUNTIME_ROOMS)) frontends/runtime/tunebook.map
	$(call say,LINK)
	$(Q)$(CC) $(filter-out -pthread,$(CFLAGS_ALL)) $(LDFLAGS) -shared -Wl,-soname,$(SONAME) \
	    -Wl,--version-script=frontends/runtime/tunebook.map -Wl,-z,noseparate-code \
	    -Wl,-rpath,'$$ORIGIN' -Wl,--gc-sections -Wl,-z,defs -Wl,-z,relro -Wl,--as-needed $(call objects,library) \
	    $(call archives,$(RUNTIME_ROOMS)) -llmdb -lm -o $@

# One relocatable object whose hidden symbols are local: a static program sees tb_* alone.
$(BUILD)/libtunebook.a: $(call objects,library) $(call archives,$(RUNTIME_ROOMS))
	@rm -f $@
	$(call say,LD)
	$(Q)$(LD) -r $(call objects,library) --start-group $(call archives,$(RUNTIME_ROOMS)) --end-group -o $(BUILD)/tunebook.o
	$(Q)objcopy --localize-hidden $(BUILD)/tunebook.o
	$(Q)$(AR) rcs $@ $(BUILD)/tunebook.o

$(BUILD)/example $(BUILD)/example_attention: $(BUILD)/%: frontends/runtime/%.c $(BUILD)/libtunebook.so
	$(call say,LINK)
	$(Q)$(CC) -std=c17 $(OPT) $(WARN) -Ifrontends/runtime $< -L$(BUILD) -ltunebook -lm -Wl,-rpath,'$$ORIGIN' -o $@

# --- What a machine needs. tools/dependencies prints, or installs with apt-get, what is missing for a purpose.
deps-build deps-dist deps-tune deps-test deps-lint:
	@tools/dependencies $(patsubst deps-%,%,$@)

tune: deps-tune
	@$(MAKE) --no-print-directory -j$(JOBS) all
	@tools/tune $(BUILD)/autotune

# --- Tests and benchmarks.
TEST_SOURCES  := $(wildcard tests/*/test_*.c)
BENCH_SOURCES := $(wildcard tests/*/bench_*.c)
FUZZ_SOURCES  := $(wildcard tests/fuzz/fuzz_*.c)
TEST_PROGRAMS  := $(TEST_SOURCES:%.c=$(BUILD)/%)
BENCH_PROGRAMS := $(BENCH_SOURCES:%.c=$(BUILD)/%)
test-programs: $(TEST_PROGRAMS) fakes

# Fake drivers, each in a folder of its own for LD_LIBRARY_PATH. They are held to the official headers; where one is
# missing, its fakes are not built and their tests are skipped. CUDA's is in the toolkit (CUDA_HOME), or in the wheel
# nvidia-cuda-runtime that tools/dependencies installs.
CUDA_HOME   ?= $(or $(CUDA_PATH),/usr/local/cuda)
CUDA_HEADER := $(firstword $(wildcard $(CUDA_HOME)/include/cuda.h /usr/include/cuda.h \
                 $(HOME)/.local/lib/python3*/site-packages/nvidia/cu*/include/cuda.h))
CUBLASLT_HEADER := $(wildcard $(dir $(CUDA_HEADER))cublasLt.h)
HIP_HEADER  := $(firstword $(wildcard $(ROCM_PATH)/include/hip/hip_runtime_api.h /opt/rocm/include/hip/hip_runtime_api.h \
                 /usr/include/hip/hip_runtime_api.h))
FAKE_COMMON := $(wildcard tests/fakes/*.c) $(BUILD)/base.a
FAKE_HEADERS := $(wildcard tests/fakes/*.h tests/fakes/*/*.h tuner/device/*.h)
NVRTC_HEADER := $(firstword $(wildcard $(CUDA_HOME)/include/nvrtc.h /usr/include/nvrtc.h \
                 $(HOME)/.local/lib/python3*/site-packages/nvidia/*/include/nvrtc.h))
FAKES := $(BUILD)/tests/fakes/nvml/libnvidia-ml.so.1 $(BUILD)/tests/fakes/amd_smi/libamd_smi.so.26 \
         $(BUILD)/tests/fakes/rocm_smi/librocm_smi64.so.7 $(if $(NVRTC_HEADER),$(BUILD)/tests/fakes/nvrtc/libnvrtc.so) \
         $(if $(CUDA_HEADER),$(patsubst %,$(BUILD)/tests/fakes/%/libcuda.so.1,cuda cuda-11.4 cuda-old)) \
         $(if $(CUBLASLT_HEADER),$(BUILD)/tests/fakes/cublaslt/libcublasLt.so.13) \
         $(if $(HIP_HEADER),$(BUILD)/tests/fakes/hiprtc/libhiprtc.so $(BUILD)/tests/fakes/hip/libamdhip64.so.5 $(BUILD)/tests/fakes/hip6/libamdhip64.so.6)
define fake_link
@mkdir -p $(@D)
$(call say,LINK)
$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(LDFLAGS) $(1) -shared -Wl,-soname,$(@F) -Wl,--exclude-libs,ALL \
    $(filter %.c %.a,$^) -ldl -pthread -o $@
endef
.PHONY: fakes
fakes: $(FAKES)
$(BUILD)/tests/fakes/nvml/libnvidia-ml.so.1: tests/fakes/libnvidia-ml/nvml.c
	$(call fake_link)
$(BUILD)/tests/fakes/amd_smi/libamd_smi.so.26: tests/fakes/libamd_smi/amd_smi.c tests/fakes/fake_smi.h
	$(call fake_link)
$(BUILD)/tests/fakes/rocm_smi/librocm_smi64.so.7: tests/fakes/librocm_smi64/rocm_smi.c tests/fakes/fake_smi.h
	$(call fake_link)
$(BUILD)/tests/fakes/nvrtc/libnvrtc.so: tests/fakes/libnvrtc/nvrtc.c $(BUILD)/base.a $(FAKE_HEADERS)
	$(call fake_link,-isystem $(dir $(NVRTC_HEADER)))
$(BUILD)/tests/fakes/hiprtc/libhiprtc.so: tests/fakes/libhiprtc/hiprtc.c $(BUILD)/base.a $(FAKE_HEADERS)
	$(call fake_link,-D__HIP_PLATFORM_AMD__ -isystem $(HIP_HEADER:hip/hip_runtime_api.h=))
$(BUILD)/tests/fakes/%/libcuda.so.1: $(wildcard tests/fakes/libcuda/*) $(FAKE_COMMON) $(FAKE_HEADERS)
	$(call fake_link,-isystem $(dir $(CUDA_HEADER)) -Wl$(comma)--version-script$(comma)tests/fakes/libcuda/$*.map)
$(BUILD)/tests/fakes/cublaslt/libcublasLt.so.13: $(wildcard tests/fakes/libcublaslt/*) tuner/vendor/cublaslt_library.h \
                                                 $(BUILD)/base.a
	$(call fake_link,-isystem $(dir $(CUBLASLT_HEADER)) -lm)
$(BUILD)/tests/fakes/hip/libamdhip64.so.5: $(wildcard tests/fakes/libamdhip64/*) $(FAKE_COMMON) $(FAKE_HEADERS)
	$(call fake_link,-D__HIP_PLATFORM_AMD__ -isystem $(HIP_HEADER:hip/hip_runtime_api.h=))
$(BUILD)/tests/fakes/hip6/libamdhip64.so.6: $(wildcard tests/fakes/libamdhip64/*) $(FAKE_COMMON) $(FAKE_HEADERS)
	$(call fake_link,-DFAKE_ROCM6 -D__HIP_PLATFORM_AMD__ -isystem $(HIP_HEADER:hip/hip_runtime_api.h=))
comma := ,
bench-programs: $(BENCH_PROGRAMS)

# Runtime tests see the library as a program does, and the rooms to build books by hand.
$(BUILD)/tests/runtime/%: $(BUILD)/obj/tests/runtime/%.o $(call objects,runtime) $(call archives,$(ROOMS))
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS) $(EMULATOR_LINK) $^ -lcmocka $(LDLIBS_ALL) -o $@
$(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $(call archives,$(ROOMS))
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS) $(EMULATOR_LINK) $^ -lcmocka $(LDLIBS_ALL) -o $@
.SECONDARY:

# CI fuzzes too, a few seconds a target.
test: deps-test
	@$(MAKE) --no-print-directory -j$(JOBS) all test-programs $(BUILD)/example $(BUILD)/example_attention
	@$(if $(CI),TUNEBOOK_FUZZ_S=3 $(MAKE) --no-print-directory fuzz)
	@tests/run $(BUILD)
soak: export TUNEBOOK_TEST_SCALE ?= 10
soak: test

asan: export LSAN_OPTIONS ?= suppressions=$(CURDIR)/tests/lsan.txt:print_suppressions=0
asan: deps-test
	@$(MAKE) --no-print-directory -j$(JOBS) BUILD=$(BUILD)-asan OPT="-O1 -g -fno-omit-frame-pointer \
	    -fsanitize=address,undefined -fno-sanitize-recover=undefined" all test-programs
	@tests/run $(BUILD)-asan

fuzz: deps-test
	@$(MAKE) --no-print-directory -j$(JOBS) CC=clang BUILD=$(BUILD)-fuzz OPT="-O1 -g -fno-omit-frame-pointer \
	    -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined" fuzz-programs
	@tests/fuzz/run $(BUILD)-fuzz
fuzz-programs: $(FUZZ_SOURCES:%.c=$(BUILD)/%)
$(BUILD)/tests/fuzz/%: $(BUILD)/obj/tests/fuzz/%.o $(call archives,$(ROOMS))
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS) -fsanitize=fuzzer $^ $(LDLIBS_ALL) -o $@

bench: deps-tune
	@$(MAKE) --no-print-directory -j$(JOBS) all bench-programs
	@tools/bench $(BUILD)

# What a GPU is checked with; the tarball has these too.
CHECK_PROGRAMS := $(patsubst %,$(BUILD)/tests/%,device/test_cuda_here device/test_hip_here templates/test_gpu_dialect \
                    runtime/bench_launch_gpu)
gpu-check: deps-dist
	@$(MAKE) --no-print-directory -j$(JOBS) all $(CHECK_PROGRAMS)
	@tools/gpu-check $(BUILD)
gpu-bench: deps-build
	@$(MAKE) --no-print-directory -j$(JOBS) all
	@BUILD=$(BUILD) tools/gpu-bench $(OPTIONS)

lint: deps-lint
	@tests/lint/run
	@$(MAKE) --no-print-directory -j$(JOBS) CI=1 CC=gcc BUILD=$(BUILD)-gcc all test-programs bench-programs
	@tests/lint/names $(BUILD)-gcc
	@$(MAKE) --no-print-directory -j$(JOBS) CI=1 CC=clang BUILD=$(BUILD)-clang all test-programs bench-programs
	@$(MAKE) --no-print-directory lint-aarch64

# The other architecture compiles, against this one's headers of the libraries; there is nothing to link with.
lint-aarch64:
	@mkdir -p $(BUILD)-aarch64/include
	@ln -sfn /usr/include/lmdb.h /usr/include/sodium.h /usr/include/sodium /usr/include/cjson /usr/include/zstd*.h /usr/include/archive*.h \
	    $(BUILD)-aarch64/include
	@$(MAKE) --no-print-directory -j$(JOBS) CI=1 CC=aarch64-linux-gnu-gcc BUILD=$(BUILD)-aarch64 \
	    CPPFLAGS=-I$(BUILD)-aarch64/include objects
objects: $(ALL_OBJECTS)

format:
	clang-format -i $$(git ls-files '*.c' '*.h')
	for file in $$(git ls-files '*.hip'); do clang-format --assume-filename=kernel.cpp < $$file > $$file.new && mv $$file.new $$file; done

# --- Delivery.
system-book: $(BUILD)/system.book
# What was tuned elsewhere and is kept here as records without code is compiled into it, as far as compilers here can.
RECORDS := $(wildcard db/books/*.jsonl)
$(BUILD)/system.book: $(BUILD)/autotune $(RECORDS)
	$(BUILD)/autotune freeze --defaults $(RECORDS:%=--records=%) -o $@

# Predictions over all shipped models, as records without code. Interrupted, it goes on where it stopped.
PREDICTED_CLASSES := mi300x mi355x
PREDICTED_MODELS  := $(patsubst templates/models/%.json,--model=%,$(wildcard templates/models/*.json))
.PHONY: predicted-records
predicted-records: all
	@mkdir -p db/books
	for class in $(PREDICTED_CLASSES); do \
	    $(BUILD)/autotune --predict --class=$$class $(PREDICTED_MODELS) --book=$(BUILD)/predicted-$$class.book || [ $$? = 1 ] && \
	    $(BUILD)/autotune export --format=records $(BUILD)/predicted-$$class.book -o db/books/ || exit 1; \
	done

install: all $(BUILD)/system.book
	@tools/install "$(BUILD)" "$(DESTDIR)" "$(PREFIX)" "$(VERSION)" "$(SONAME)"
	@[ -n "$(DESTDIR)" ] || [ "$$(id -u)" != 0 ] || ldconfig

dist: deps-dist
	@$(MAKE) --no-print-directory -j$(JOBS) all system-book $(CHECK_PROGRAMS)
	@tools/dist "$(BUILD)" "$(VERSION)" "$(SONAME)"

clean:
	rm -rf $(BUILD) $(BUILD)-asan $(BUILD)-fuzz $(BUILD)-gcc $(BUILD)-clang $(BUILD)-aarch64 dist

-include $(ALL_OBJECTS:.o=.d) $(patsubst %.c,$(BUILD)/obj/%.d,$(TEST_SOURCES) $(BENCH_SOURCES) $(FUZZ_SOURCES))
