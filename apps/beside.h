/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_BESIDE_H
#define ATOLL_APPS_BESIDE_H

/*
 * The names of files that lie beside a model, and of the model itself.
 *
 *	char *path = beside_model("models/keywords.tflite", "_labels.txt");
 *
 *	puts(path);       models/keywords_labels.txt
 *	free(path);
 *
 * NULL when there is no memory; the caller's to free.
 */
char *beside_model(const char *model_path, const char *ending);

/* No folder, no ending: "keywords". */
char *beside_name(const char *model_path);

#endif
