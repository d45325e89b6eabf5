/*
 * test_diff.c: unified diffs: their text, that applying them to the old text gives the new one, and
 * that they are the shortest; also by the programs diff and patch, where they are there.
 */
#include "diff.h"

#include <time.h>
#include <unistd.h>

#include "tap.h"

static uint64_t state;
static long allocated;
static long allocations_left = -1;

/* ---- a diff into a string ---- */

typedef struct Text
{
	char *bytes;
	size_t len;
	size_t capacity;
} Text;

static void
append(void *context, const char *bytes, size_t len)
{
	Text *text = context;

	if (text->len + len + 1 > text->capacity)
	{
		text->capacity = 2 * (text->len + len + 1);
		text->bytes = realloc(text->bytes, text->capacity);
	}
	memcpy(text->bytes + text->len, bytes, len);
	text->len += len;
	text->bytes[text->len] = '\0';
}

static void *
allocate(size_t size)
{
	if (allocations_left == 0)
		return NULL;
	if (allocations_left > 0)
		allocations_left--;
	allocated++;
	return malloc(size);
}

static void
release(void *memory)
{
	allocated--;
	free(memory);
}

static bool
diff_bytes(const char *a, size_t len_a, const char *b, size_t len_b, Text *out)
{
	ShDiffHost host = {allocate, release, append, out, 0x5eed};
	/* Copies of the exact size, so that sanitizers see every byte read beyond. */
	char *copy_a = malloc(len_a > 0 ? len_a : 1);
	char *copy_b = malloc(len_b > 0 ? len_b : 1);
	bool good;

	memcpy(copy_a, a, len_a);
	memcpy(copy_b, b, len_b);
	out->len = 0;
	append(out, "", 0);
	good = sh_diff_unified(&host, "old", copy_a, len_a, "new", copy_b, len_b);
	free(copy_a);
	free(copy_b);
	return good && allocated == 0;
}

static const char *
diff(const char *a, const char *b)
{
	static Text out;

	return diff_bytes(a, strlen(a), b, strlen(b), &out) ? out.bytes : "failed";
}

/* ---- applying it: strictly, every line and number must be right ---- */

typedef struct Hunk
{
	long a;
	long a_lines;
	long b;
	long b_lines;
} Hunk;

static bool
read_range(const char **p, char sign, long *from, long *lines)
{
	char *end;

	if (*(*p)++ != sign)
		return false;
	*from = strtol(*p, &end, 10);
	*p = end;
	*lines = -1; /* one, or none */
	if (**p == ',')
	{
		*lines = strtol(*p + 1, &end, 10);
		*p = end;
		if (*lines < 2)
			return false;
	}
	return *(*p)++ == ' ';
}

static size_t
line_len(const char *p)
{
	const char *end = strchr(p, '\n');

	return end != NULL ? (size_t) (end - p) + 1 : strlen(p);
}

typedef struct Applied
{
	Text text;
	long changes; /* lines with + or - */
} Applied;

/* One hunk at *p; *a stands at line *line (from 1) of the old text. Texts have no zero bytes. */
static bool
apply_hunk(const char **p, const char **a, long *line, Applied *out)
{
	static const char mark[] = "\\ No newline at end of file\n";
	Hunk hunk;
	long a_lines = 0;
	long b_lines = 0;

	if (strncmp(*p, "@@ ", 3) != 0)
		return false;
	*p += 3;
	if (!read_range(p, '-', &hunk.a, &hunk.a_lines) ||
		!read_range(p, '+', &hunk.b, &hunk.b_lines) || strncmp(*p, "@@\n", 3) != 0)
		return false;
	*p += 3;
	for (; *line < hunk.a; (*line)++)
	{
		size_t len = line_len(*a);

		if (len == 0)
			return false;
		append(&out->text, *a, len);
		*a += len;
	}
	while (**p == ' ' || **p == '-' || **p == '+')
	{
		char sign = *(*p)++;
		size_t len = line_len(*p);
		const char *bytes = *p;
		size_t kept = len;

		*p += len;
		if (strncmp(*p, mark, sizeof(mark) - 1) == 0)
		{
			kept--;
			*p += sizeof(mark) - 1;
		}
		if (sign != '+')
		{
			if (line_len(*a) != kept || memcmp(*a, bytes, kept) != 0)
				return false;
			*a += kept;
			(*line)++;
			a_lines++;
		}
		if (sign != '-')
		{
			append(&out->text, bytes, kept);
			b_lines++;
		}
		out->changes += sign != ' ';
	}
	return (hunk.a_lines == a_lines || (hunk.a_lines == -1 && a_lines <= 1)) &&
		   (hunk.b_lines == b_lines || (hunk.b_lines == -1 && b_lines <= 1));
}

static bool
apply(const char *diff_text, const char *a, Applied *out)
{
	static const char head[] = "--- old\n+++ new\n";
	const char *p = diff_text;
	long line = 1;

	out->text.len = 0;
	append(&out->text, "", 0);
	out->changes = 0;
	if (*p != '\0')
	{
		if (strncmp(p, head, sizeof(head) - 1) != 0)
			return false;
		p += sizeof(head) - 1;
		do
		{
			if (!apply_hunk(&p, &a, &line, out))
				return false;
		} while (*p != '\0');
	}
	append(&out->text, a, strlen(a));
	return true;
}

/* Is what comes of it b? *changes: with how many changed lines. */
static bool
turns_into(const char *a, const char *b, long *changes)
{
	static Applied applied;

	if (!apply(diff(a, b), a, &applied))
		return false;
	*changes = applied.changes;
	return strcmp(applied.text.bytes, b) == 0;
}

/* ---- the fewest changes, by the longest common subsequence in quadratic time ---- */

#define MOST_LINES 200

static int
cut(const char *text, const char **lines)
{
	int n = 0;

	for (; *text != '\0'; text += line_len(text))
		lines[n++] = text;
	return n;
}

static bool
same_line(const char *a, const char *b)
{
	return line_len(a) == line_len(b) && memcmp(a, b, line_len(a)) == 0;
}

static long
fewest_changes(const char *a, const char *b)
{
	static int common[MOST_LINES + 1][MOST_LINES + 1];
	const char *lines_a[MOST_LINES];
	const char *lines_b[MOST_LINES];
	int na = cut(a, lines_a);
	int nb = cut(b, lines_b);

	for (int i = 1; i <= na; i++)
	{
		for (int j = 1; j <= nb; j++)
		{
			int best = common[i - 1][j] > common[i][j - 1] ? common[i - 1][j] : common[i][j - 1];

			if (same_line(lines_a[i - 1], lines_b[j - 1]) && common[i - 1][j - 1] + 1 > best)
				best = common[i - 1][j - 1] + 1;
			common[i][j] = best;
		}
	}
	return na + nb - 2 * common[na][nb];
}

/* ---- random texts ---- */

static void
random_text(Text *text, int most_lines, int alphabet)
{
	int n = (int) (tap_random(&state) % (uint64_t) (most_lines + 1));

	text->len = 0;
	append(text, "", 0);
	for (int i = 0; i < n; i++)
	{
		char line[32];
		int len =
			snprintf(line, sizeof(line), "%d\n", (int) (tap_random(&state) % (uint64_t) alphabet));

		append(text, line, (size_t) len);
	}
	if (tap_random(&state) % 4 == 0 && text->len > 0)
		text->bytes[--text->len] = '\0';
}

/* A copy with some lines dropped, new or doubled. */
static void
mutate(Text *text, const char *from, int one_of)
{
	text->len = 0;
	append(text, "", 0);
	for (; *from != '\0'; from += line_len(from))
	{
		uint64_t what = tap_random(&state) % (uint64_t) one_of;

		if (what != 0)
			append(text, from, line_len(from));
		if (what == 1)
			append(text, from, line_len(from));
		if (what == 2)
			append(text, "new\n", 4);
	}
}

/* ---- tests ---- */

static void
test_fixed(void)
{
	is_str(diff("", ""), "", "both empty");
	is_str(diff("a\nb\n", "a\nb\n"), "", "equal");
	is_str(diff("", "a\nb\nc\n"), "--- old\n+++ new\n@@ -1 +1,3 @@\n+a\n+b\n+c\n",
		   "from nothing: the number is left out for none, too");
	is_str(diff("a\nb\n", ""), "--- old\n+++ new\n@@ -1,2 +1 @@\n-a\n-b\n", "to nothing");
	is_str(diff("a := 1\nb := 2\n", "a := 1\nb := 3\nc := 4\n"),
		   "--- old\n+++ new\n@@ -1,2 +1,3 @@\n a := 1\n-b := 2\n+b := 3\n+c := 4\n",
		   "one line becomes two");
	is_str(diff("a\n", "b\n"), "--- old\n+++ new\n@@ -1 +1 @@\n-a\n+b\n", "one line each");
	is_str(diff("a", "a\n"),
		   "--- old\n+++ new\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n",
		   "a newline at the end");
	is_str(diff("a\nb", "c\nb"),
		   "--- old\n+++ new\n@@ -1,2 +1,2 @@\n-a\n+c\n b\n\\ No newline at end of file\n",
		   "no newline at the end of the context");
	is_str(diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n6\n7\n8\n9\n"),
		   "--- old\n+++ new\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n",
		   "three lines of context");
	is_str(diff("a\n1\n2\n3\n4\n5\n6\nb\n", "x\n1\n2\n3\n4\n5\n6\ny\n"),
		   "--- old\n+++ new\n@@ -1,8 +1,8 @@\n-a\n+x\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n+y\n",
		   "six equal lines join two changes");
	is_str(diff("a\n1\n2\n3\n4\n5\n6\n7\nb\n", "x\n1\n2\n3\n4\n5\n6\n7\ny\n"),
		   "--- old\n+++ new\n@@ -1,4 +1,4 @@\n-a\n+x\n 1\n 2\n 3\n"
		   "@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+y\n",
		   "seven do not");
	is_str(diff("{\na\n}\n{\nc\n}\n", "{\na\n}\n{\nb\n}\n{\nc\n}\n"),
		   "--- old\n+++ new\n@@ -2,5 +2,8 @@\n a\n }\n {\n+b\n+}\n+{\n c\n }\n",
		   "an inserted block is as far down as it goes");
	is_str(diff("a\r\n", "a\n"), "--- old\n+++ new\n@@ -1 +1 @@\n-a\r\n+a\n",
		   "bytes are compared as they are");
}

static void
test_bytes(void)
{
	Text out = {0};
	static const char expected[] = "--- old\n+++ new\n@@ -1,2 +1,2 @@\n-\0\xff\n+\0\xfe\n x\n";

	ok(diff_bytes("\0\xff\nx\n", 5, "\0\xfe\nx\n", 5, &out) && out.len == sizeof(expected) - 1 &&
		   memcmp(out.bytes, expected, out.len) == 0,
	   "any bytes");
	free(out.bytes);
}

static void
test_shortest(void)
{
	Text a = {0};
	Text b = {0};
	long rounds = tap_setting("ROUNDS", 4000);
	bool right = true;
	bool shortest = true;

	for (long i = 0; i < rounds && right && shortest; i++)
	{
		long changes = -1;
		int alphabet = 1 + (int) (tap_random(&state) % 12);

		random_text(&a, i % 16 == 0 ? 60 : 12, alphabet);
		if (i % 2 == 0)
			random_text(&b, i % 16 == 0 ? 60 : 12, alphabet);
		else
			mutate(&b, a.bytes, 6);
		right = turns_into(a.bytes, b.bytes, &changes);
		shortest = changes == fewest_changes(a.bytes, b.bytes);
		if (!right || !shortest)
			printf("# round %ld, %ld changes\n", i, changes);
	}
	ok(right, "%ld random diffs turn the old text into the new one", rounds);
	ok(shortest, "they are the shortest");
	free(a.bytes);
	free(b.bytes);
}

/* 1 MiB of the shortest lines: bounded time and a right result, if not the shortest one. */
static void
test_large(void)
{
	static const char *const names[] = {"random of few kinds", "mutated", "reversed", "periodic"};
	enum
	{
		N = 300000
	};
	Text a = {0};
	Text b = {0};

	for (int kind = 0; kind < 4; kind++)
	{
		long changes = -1;
		clock_t before = clock();
		bool right;
		double seconds;

		a.len = b.len = 0;
		append(&b, "", 0);
		for (int i = 0; i < N; i++)
		{
			char line[16];
			int len = snprintf(line, sizeof(line), "%d\n",
							   kind == 3 ? i % 7 : (int) (tap_random(&state) % 40));

			append(&a, line, (size_t) len);
			len = snprintf(line, sizeof(line), "%d\n",
						   kind == 3 ? i % 11 : (int) (tap_random(&state) % 40));
			if (kind == 0 || kind == 3)
				append(&b, line, (size_t) len);
		}
		if (kind == 1)
			mutate(&b, a.bytes, 10);
		if (kind == 2)
		{
			for (size_t i = a.len - 1; i > 0; i--)
			{
				if (a.bytes[i - 1] == '\n')
					append(&b, a.bytes + i, line_len(a.bytes + i));
			}
		}
		before = clock();
		diff(a.bytes, b.bytes);
		seconds = (double) (clock() - before) / CLOCKS_PER_SEC;
		right = turns_into(a.bytes, b.bytes, &changes);
		ok(right, "large texts, %s", names[kind]);
		printf("# %ld changes in %.2f s\n", changes, seconds);
		ok(seconds < 60, "large texts, %s: in bounded time", names[kind]);
	}
	free(a.bytes);
	free(b.bytes);
}

static void
test_memory(void)
{
	Text out = {0};
	bool seen = false;

	for (long n = 0; n < 100 && !seen; n++)
	{
		ShDiffHost host = {allocate, release, append, &out, n};

		out.len = 0;
		allocations_left = n;
		seen = sh_diff_unified(&host, "old", "a\nb\n", 4, "new", "b\nc\n", 4);
		if (allocated != 0 || (!seen && out.len > 0))
			break;
	}
	allocations_left = -1;
	ok(seen, "without memory it fails, gives back what it has, and writes nothing");
	free(out.bytes);
}

/* ---- diff and patch ---- */

static void
write_file(const char *dir, const char *name, const char *text)
{
	char path[200];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	if (file == NULL || fwrite(text, 1, strlen(text), file) != strlen(text) || fclose(file) != 0)
	{
		printf("Bail out! cannot write %s\n", path);
		exit(1);
	}
}

static void
read_command(const char *dir, const char *command, Text *out)
{
	char line[300];
	char buffer[4096];
	size_t n;
	FILE *pipe;

	snprintf(line, sizeof(line), "cd %s && %s", dir, command);
	out->len = 0;
	append(out, "", 0);
	pipe = popen(line, "r");
	while (pipe != NULL && (n = fread(buffer, 1, sizeof(buffer), pipe)) > 0)
		append(out, buffer, n);
	if (pipe != NULL)
		pclose(pipe);
}

/* Lines that are all different leave no choice where a change is. */
static void
random_edit(Text *a, Text *b)
{
	int n = 1 + (int) (tap_random(&state) % 60);

	a->len = b->len = 0;
	append(a, "", 0);
	append(b, "", 0);
	for (int i = 0; i < n; i++)
	{
		char line[32];
		uint64_t what = tap_random(&state) % 12;
		int len = snprintf(line, sizeof(line), "line %d\n", i);

		append(a, line, (size_t) len);
		if (what != 0)
			append(b, line, (size_t) len);
		if (what <= 1)
		{
			len = snprintf(line, sizeof(line), "new %d\n", i);
			append(b, line, (size_t) len);
		}
	}
	/* GNU counts nothing as 0,0. */
	append(a, "end\n", 4);
	append(b, "end\n", 4);
}

static void
test_programs(void)
{
	char dir[] = "/tmp/test_diff.XXXXXX";
	Text a = {0};
	Text b = {0};
	Text out = {0};
	bool same = true;
	bool patched = true;
	long rounds = 100;

	if (mkdtemp(dir) == NULL)
		exit(1);
	read_command(dir, "command -v diff >/dev/null && command -v patch", &out);
	if (out.len == 0)
	{
		ok(true, "the programs diff and patch are not here: passed over");
		rmdir(dir);
		return;
	}
	for (long i = 0; i < rounds && same && patched; i++)
	{
		random_edit(&a, &b);
		write_file(dir, "old", a.bytes);
		write_file(dir, "new", b.bytes);
		write_file(dir, "ours", diff(a.bytes, b.bytes));
		read_command(dir, "diff -u --label old --label new old new", &out);
		same = strcmp(out.bytes, diff(a.bytes, b.bytes)) == 0;
		read_command(dir, "patch -s -f -o patched old ours >patch.out 2>&1; cat patched", &out);
		patched = strcmp(out.bytes, b.bytes) == 0 || strcmp(a.bytes, b.bytes) == 0;
	}
	ok(same, "the program diff prints the same");
	ok(patched, "the program patch gives the new text");
	read_command(dir, "rm -f old new ours patched patch.out", &out);
	rmdir(dir);
	free(a.bytes);
	free(b.bytes);
	free(out.bytes);
}

int
main(void)
{
	state = tap_seed();
	test_fixed();
	test_bytes();
	test_shortest();
	test_large();
	test_memory();
	test_programs();
	return done_testing();
}
