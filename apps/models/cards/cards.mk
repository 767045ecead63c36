# SPDX-License-Identifier: Apache-2.0
# The cards model. Neither target is part of a build or a check: they install what
# they need, and the training takes about an hour. The finished model is in the tree.
cards := apps/models/cards

$(BUILD)/cards/write: $(BUILD)/apps/models/chain.o

$(BUILD)/cards/write $(BUILD)/cards/evaluate: $(BUILD)/cards/%: \
		$(BUILD)/$(cards)/%.o $(BUILD)/libatoll.a
	@mkdir -p $(@D)
	$(call say,LINK  $@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -pthread $(filter %.o,$^) $(filter %.a,$^) $(LDLIBS) -o $@

$(BUILD)/cards/held-out.scenes: $(cards)/held_out.py $(cards)/glyphs.py | cards-packages
	@mkdir -p $(@D)
	/usr/bin/python3 -B $(cards)/held_out.py scenes $@

cards-packages:
	@tests/packages.sh $(packages) python3-numpy python3-pil fonts-noto-color-emoji

train-cards: cards-packages $(BUILD)/cards/write
	@tests/packages.sh python3-torch
	/usr/bin/python3 -B $(cards)/glyphs.py >$(cards)/cards_labels.txt
	/usr/bin/python3 -B $(cards)/train.py --work $(BUILD)/cards
	$(BUILD)/cards/write $(BUILD)/cards/cards.numbers $(cards)/cards.tflite

evaluate-cards: $(BUILD)/cards/evaluate $(BUILD)/cards/held-out.scenes
	$< $(cards)/cards.tflite $(cards)/cards_labels.txt $(BUILD)/cards/held-out.scenes

.PHONY: cards-packages train-cards evaluate-cards
