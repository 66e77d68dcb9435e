/*
 * standalone.c: a main for a fuzz target without libFuzzer: it runs the files named on the command
 * line through the target once, so that every compiler and sanitizer replays the corpus.
 */
#include "base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
run_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	if (!f)
		return false;
	size_t n = 0, capacity = 1 << 16;
	uint8_t *data = malloc(capacity);
	for (size_t got; data && (got = fread(data + n, 1, capacity - n, f)) > 0;) {
		n += got;
		if (n == capacity) {
			uint8_t *larger = realloc(data, capacity *= 2);
			if (!larger)
				free(data);
			data = larger;
		}
	}
	bool worked = data && !ferror(f);
	fclose(f);
	if (worked) {
		/* A copy of the exact size, so that a sanitizer sees a byte read too far. */
		uint8_t *exact = malloc(n > 0 ? n : 1);
		worked = exact != NULL;
		if (worked) {
			memcpy(exact, data, n);
			(void)LLVMFuzzerTestOneInput(exact, n);
		}
		free(exact);
	}
	free(data);
	return worked;
}

int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!run_file(argv[i])) {
			fprintf(stderr, "%s cannot be read\n", argv[i]);
			return 2;
		}
	printf("%d inputs\n", argc - 1);
	return 0;
}
