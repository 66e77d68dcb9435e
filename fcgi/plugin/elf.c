/* elf.c: see elf.h.  Every offset in the file is held against its length before it is followed. */
#include "plugin/elf.h"

#include <elf.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define SYMBOL "rowhouse_plugin"
#define FILE_BYTES_MAX ((size_t)256 << 20)

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
#elif defined(__riscv)
#define MACHINE EM_RISCV
#else
#error "say which ELF machine this is"
#endif

struct file {
	const char *p;
	size_t n;
};

/* `count` things of `size` bytes at an offset; NULL: not all of them are in the file. */
static const void *
at(const struct file *f, uint64_t offset, uint64_t count, uint64_t size)
{
	uint64_t bytes, end;
	if (__builtin_mul_overflow(count, size, &bytes) ||
	    __builtin_add_overflow(offset, bytes, &end) || end > f->n)
		return NULL;
	return f->p + offset;
}

static bool
cut_off(struct err *e)
{
	return FAIL(e, INPUT, "the file is damaged: it points outside itself");
}

static bool
check_kind(const struct file *f, Elf64_Ehdr *head, struct err *e)
{
	const void *p = at(f, 0, 1, sizeof *head);
	if (!p || memcmp(p, ELFMAG, SELFMAG) != 0)
		return FAIL(e, INPUT, "the file is not a shared object");
	memcpy(head, p, sizeof *head);
	if (head->e_ident[EI_CLASS] != ELFCLASS64 || head->e_machine != MACHINE)
		return FAIL(e, INPUT, "the file was built for another kind of machine");
	if (head->e_type != ET_DYN || head->e_shentsize != sizeof(Elf64_Shdr) ||
	    head->e_phentsize != sizeof(Elf64_Phdr))
		return FAIL(e, INPUT, "the file is not a shared object");
	return true;
}

/* Where the bytes of an address lie in the file. */
static const void *
at_address(const struct file *f, const Elf64_Ehdr *head, uint64_t address, uint64_t n)
{
	const char *table = at(f, head->e_phoff, head->e_phnum, sizeof(Elf64_Phdr));
	for (size_t i = 0; table && i < head->e_phnum; i++) {
		Elf64_Phdr one;
		memcpy(&one, table + i * sizeof one, sizeof one);
		if (one.p_type == PT_LOAD && address >= one.p_vaddr &&
		    address - one.p_vaddr <= one.p_filesz &&
		    n <= one.p_filesz - (address - one.p_vaddr))
			return at(f, one.p_offset + (address - one.p_vaddr), 1, n);
	}
	return NULL;
}

/* What a symbol is called; NULL: its name is not in the table. */
static const char *
name_of(const struct file *f, const Elf64_Shdr *names, uint32_t offset)
{
	const char *all = at(f, names->sh_offset, 1, names->sh_size);
	if (!all || offset >= names->sh_size || !memchr(all + offset, 0, names->sh_size - offset))
		return NULL;
	return all + offset;
}

static bool
is_exported(const Elf64_Sym *s)
{
	unsigned binding = ELF64_ST_BIND(s->st_info), visibility = ELF64_ST_VISIBILITY(s->st_other);
	return s->st_shndx != SHN_UNDEF && (binding == STB_GLOBAL || binding == STB_WEAK) &&
	       (visibility == STV_DEFAULT || visibility == STV_PROTECTED);
}

/* Walks the dynamic symbols; *found is ours.  Names that begin with _ are the linker's and the
 * sanitizers'. */
static bool
find_symbol(const struct file *f, const Elf64_Shdr *table, const Elf64_Shdr *names,
    Elf64_Sym *found, bool *any, struct err *e)
{
	size_t count = table->sh_size / sizeof(Elf64_Sym);
	const char *all = at(f, table->sh_offset, count, sizeof(Elf64_Sym));
	if (!all)
		return cut_off(e);
	for (size_t i = 0; i < count; i++) {
		Elf64_Sym s;
		memcpy(&s, all + i * sizeof s, sizeof s);
		if (!is_exported(&s))
			continue;
		const char *name = name_of(f, names, s.st_name);
		if (!name)
			return cut_off(e);
		if (strcmp(name, SYMBOL) == 0) {
			*found = s;
			*any = true;
		} else if (name[0] != '_') {
			return FAIL(
			    e, INPUT, "it exports %.100s, and may export only " SYMBOL, name);
		}
	}
	return true;
}

static bool
read_head(struct elf_head *out, const struct file *f, struct err *e)
{
	Elf64_Ehdr head;
	Elf64_Sym symbol = {0};
	bool any = false;
	if (!check_kind(f, &head, e))
		return false;
	const char *sections = at(f, head.e_shoff, head.e_shnum, sizeof(Elf64_Shdr));
	if (!sections)
		return cut_off(e);
	for (size_t i = 0; i < head.e_shnum; i++) {
		Elf64_Shdr table, names;
		memcpy(&table, sections + i * sizeof table, sizeof table);
		if (table.sh_type != SHT_DYNSYM)
			continue;
		if (table.sh_link >= head.e_shnum)
			return cut_off(e);
		memcpy(&names, sections + table.sh_link * sizeof names, sizeof names);
		if (!find_symbol(f, &table, &names, &symbol, &any, e))
			return false;
	}
	if (!any)
		return FAIL(e, INPUT, "it does not export " SYMBOL);
	const size_t words = offsetof(struct elf_head, bytes);
	const void *p =
	    symbol.st_size >= words ? at_address(f, &head, symbol.st_value, words) : NULL;
	if (!p)
		return FAIL(e, INPUT, "its " SYMBOL " is not in the file");
	memcpy(out, p, words);
	out->bytes = symbol.st_size;
	return true;
}

bool
elf_plugin_head(struct elf_head *out, int fd, struct err *e)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return FAIL_ERRNO(e, "the file cannot be read");
	if (st.st_size == 0 || (uint64_t)st.st_size > FILE_BYTES_MAX)
		return FAIL(e, INPUT, "the file is not a shared object");
	struct file f = {.n = (size_t)st.st_size};
	void *p = mmap(NULL, f.n, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return FAIL_ERRNO(e, "the file cannot be read");
	f.p = p;
	bool good = read_head(out, &f, e);
	munmap(p, f.n);
	return good;
}
