# SPDX-License-Identifier: Apache-2.0
# The keywords model. Neither target is part of a build or a check: they install what
# they need, and the training takes over an hour. The finished model is in the tree.
# The voices of RHVoice are in the non-free part of Debian's archive, for want of what
# they were trained with; those used here are free to use and pass on.
# ATOLL_TEST_DATA is the folder that holds datasets/, audio/ and models/.
keywords := apps/models/keywords
keywords_work := $(BUILD)/keywords
keywords_data := $(or $(ATOLL_TEST_DATA),../shared)
# One thread each: two of torch's on a busy machine wait for each other.
keywords_python := OMP_NUM_THREADS=1 /usr/bin/python3 -B
keywords_windows := $(foreach seed,21 22 23 24,$(keywords_work)/windows-$(seed).npz)
keywords_wordless := $(foreach seed,31 32,$(keywords_work)/wordless-$(seed).npz)

$(keywords_work)/write: $(BUILD)/apps/models/chain.o

$(keywords_work)/write $(keywords_work)/evaluate: $(keywords_work)/%: \
		$(BUILD)/$(keywords)/%.o $(BUILD)/libatoll.a
	@mkdir -p $(@D)
	$(call say,LINK  $@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -pthread $(filter %.o,$^) $(filter %.a,$^) $(LDLIBS) -o $@

keywords-packages:
	@tests/packages.sh $(packages) python3-numpy python3-scipy python3-torch \
		espeak-ng flite festival wamerican-small festvox-kallpc16k \
		festvox-kdlpc16k festvox-us-slt-hts festvox-italp16k \
		festvox-itapc16k festvox-suopuhe-lj festvox-suopuhe-mv \
		festvox-czech-dita festvox-czech-krb festvox-czech-machac \
		festvox-czech-ph festvox-ru festvox-ca-ona-hts \
		librhvoice5 rhvoice-english rhvoice-russian rhvoice-ukrainian \
		rhvoice-esperanto rhvoice-kyrgyz rhvoice-macedonian \
		asterisk-core-sounds-en-wav csmash-data alsa-utils fortunes || { \
		echo "RHVoice is in Debian's non-free: do the sources of apt name that?" >&2; \
		exit 1; }

$(keywords_work)/speech.npz: $(keywords)/voices.py $(keywords)/words.py | keywords-packages
	@mkdir -p $(@D)
	$(keywords_python) $(keywords)/voices.py $(@D) $(keywords_data)/datasets

$(keywords_windows): $(keywords_work)/windows-%.npz: $(keywords_work)/speech.npz \
		$(keywords)/scenes.py $(keywords)/augment.py $(keywords)/features.py
	$(keywords_python) $(keywords)/scenes.py $(@D) 60000 $* $@

$(keywords_wordless): $(keywords_work)/wordless-%.npz: $(keywords_work)/speech.npz \
		$(keywords)/scenes.py $(keywords)/augment.py $(keywords)/features.py
	$(keywords_python) $(keywords)/scenes.py --wordless $(@D) 80000 $* $@

$(keywords_work)/held-out.windows: $(keywords_work)/speech.npz $(keywords)/held_out.py
	$(keywords_python) $(keywords)/held_out.py $(@D) $(keywords_data)/audio $@

train-keywords: $(keywords_windows) $(keywords_wordless) $(keywords_work)/write
	$(keywords_python) $(keywords)/words.py >$(keywords)/keywords_labels.txt
	$(keywords_python) $(keywords)/train.py --work $(keywords_work)
	$(keywords_work)/write $(keywords_work)/keywords.numbers $(keywords)/keywords.tflite

eval-keywords: $(keywords_work)/evaluate $(keywords_work)/held-out.windows
	$^ $(keywords)/keywords.tflite $(keywords_data)/models/mlperf_kws_ref_int8.tflite

.PHONY: keywords-packages train-keywords eval-keywords
