/* Records what a process does to the files of one folder, so that power cuts can be played.
 *
 * Preloaded (LD_PRELOAD) before libc. Silent until the process calls `record_writes_begin`. From
 * then on each change to a file in the folder, each sync and each change to the folder itself is
 * carried out and then appended to a log, in the order in which they happened. What a disk would
 * hold if the power went after any of them is worked out elsewhere (tests/reliability/disk_image.py).
 *
 * A record: kind (1 byte), file (4), offset (8), length (4), then so many bytes of data; all in the
 * machine's own byte order. A file is a number, given when its name is first created or opened.
 * Not recorded: memory maps and links. A process that maps the folder's files for writing, or uses
 * a call that is not here, would go unseen; the test has a positive control for that.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind {
    CREATED = 'c', /* data: name */
    WRITTEN = 'w', /* data: what was written */
    CUT = 't',     /* offset: new length */
    SYNCED = 's',  /* the file's content */
    FOLDER_SYNCED = 'f',
    REMOVED = 'u', /* data: name */
    RENAMED = 'r', /* data: old name, NUL, new name */
};

#define MOST_DESCRIPTORS 1024
#define NO_FILE 0u
#define THE_FOLDER UINT32_MAX

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char folder[PATH_MAX];
static size_t folder_length;
static int log_descriptor = -1;
static uint32_t file_of[MOST_DESCRIPTORS];
static uint32_t files;
/* Which number an inode has: a file that is opened twice is one file. */
static ino_t inode_of[MOST_DESCRIPTORS];

static void fail(const char *words) {
    fprintf(stderr, "record_writes: %s\n", words);
    abort();
}

/* The next definition of a function, behind this library's own. */
static void *next(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (found == NULL) fail(name);
    return found;
}

static void append(enum kind kind, uint32_t file, uint64_t offset, const void *data, size_t length) {
    char head[17];
    uint32_t length32 = (uint32_t)length;
    head[0] = (char)kind;
    memcpy(head + 1, &file, 4);
    memcpy(head + 5, &offset, 8);
    memcpy(head + 13, &length32, 4);
    struct iovec parts[2] = {{head, sizeof head}, {(void *)data, length}};
    if (syscall(SYS_writev, log_descriptor, parts, 2) != (long)(sizeof head + length))
        fail("the log cannot be written");
}

/* Returns the name of a path within the folder, or NULL if it lies elsewhere. */
static const char *name_in_folder(const char *path) {
    if (log_descriptor < 0 || strncmp(path, folder, folder_length) != 0) return NULL;
    return path[folder_length] == '/' ? path + folder_length + 1 : NULL;
}

static uint32_t file_at(int descriptor) {
    if (log_descriptor < 0 || descriptor < 0 || descriptor >= MOST_DESCRIPTORS) return NO_FILE;
    return file_of[descriptor];
}

/* Returns the number of an open file, a new one with a record if it has none yet. */
static uint32_t number(int descriptor, const char *name, int existed) {
    struct stat status;
    if (fstat(descriptor, &status) != 0) fail("fstat");
    /* The newest first: the inode of a file that was removed is used again. */
    if (existed)
        for (uint32_t file = files; file > 0; file--)
            if (inode_of[file] == status.st_ino) return file;
    if (files + 1 == MOST_DESCRIPTORS) fail("too many files");
    inode_of[++files] = status.st_ino;
    /* What lay there when the recording began is known to the other side by its name. */
    append(CREATED, files, existed ? 1 : 0, name, strlen(name));
    return files;
}

static int opened(int descriptor, const char *path, int existed, int flags) {
    if (descriptor < 0 || descriptor >= MOST_DESCRIPTORS) return descriptor;
    const char *name = name_in_folder(path);
    if (log_descriptor >= 0 && strcmp(path, folder) == 0) {
        file_of[descriptor] = THE_FOLDER;
    } else if (name == NULL) {
        file_of[descriptor] = NO_FILE;
    } else {
        file_of[descriptor] = number(descriptor, name, existed);
        if (flags & O_TRUNC) append(CUT, file_of[descriptor], 0, NULL, 0);
    }
    return descriptor;
}

static int open_any(int at, const char *path, int flags, mode_t mode) {
    int (*real)(int, const char *, int, ...) = next("openat");
    if (log_descriptor < 0) return real(at, path, flags, mode);
    pthread_mutex_lock(&lock);
    int existed = access(path, F_OK) == 0;
    int descriptor = opened(real(at, path, flags, mode), path, existed, flags);
    pthread_mutex_unlock(&lock);
    return descriptor;
}

#define OPEN(name, before, at)                                     \
    int name(before const char *path, int flags, ...) {            \
        va_list more;                                              \
        va_start(more, flags);                                     \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0; \
        va_end(more);                                              \
        return open_any(at, path, flags, mode);                    \
    }
#define NOTHING
#define FOLDER_ARGUMENT int at,
OPEN(open, NOTHING, AT_FDCWD)
OPEN(open64, NOTHING, AT_FDCWD)
OPEN(openat64, FOLDER_ARGUMENT, at)
/* openat itself is not wrapped: the wrappers call it, and neither Python nor SQLite does. */

int close(int descriptor) {
    int (*real)(int) = next("close");
    if (descriptor >= 0 && descriptor < MOST_DESCRIPTORS) file_of[descriptor] = NO_FILE;
    return real(descriptor);
}

ssize_t write(int descriptor, const void *data, size_t length) {
    ssize_t (*real)(int, const void *, size_t) = next("write");
    if (file_at(descriptor) == NO_FILE) return real(descriptor, data, length);
    pthread_mutex_lock(&lock);
    /* With O_APPEND the place is only known afterwards. */
    ssize_t written = real(descriptor, data, length);
    if (written > 0) {
        off_t end = lseek(descriptor, 0, SEEK_CUR);
        append(WRITTEN, file_of[descriptor], (uint64_t)(end - written), data, (size_t)written);
    }
    pthread_mutex_unlock(&lock);
    return written;
}

static ssize_t write_at(int descriptor, const void *data, size_t length, off_t offset) {
    ssize_t (*real)(int, const void *, size_t, off_t) = next("pwrite64");
    if (file_at(descriptor) == NO_FILE) return real(descriptor, data, length, offset);
    pthread_mutex_lock(&lock);
    ssize_t written = real(descriptor, data, length, offset);
    if (written > 0)
        append(WRITTEN, file_of[descriptor], (uint64_t)offset, data, (size_t)written);
    pthread_mutex_unlock(&lock);
    return written;
}

ssize_t pwrite(int descriptor, const void *data, size_t length, off_t offset) {
    return write_at(descriptor, data, length, offset);
}

ssize_t pwrite64(int descriptor, const void *data, size_t length, off_t offset) {
    return write_at(descriptor, data, length, offset);
}

static int cut(int descriptor, off_t length) {
    int (*real)(int, off_t) = next("ftruncate64");
    if (file_at(descriptor) == NO_FILE) return real(descriptor, length);
    pthread_mutex_lock(&lock);
    int status = real(descriptor, length);
    if (status == 0) append(CUT, file_of[descriptor], (uint64_t)length, NULL, 0);
    pthread_mutex_unlock(&lock);
    return status;
}

int ftruncate(int descriptor, off_t length) { return cut(descriptor, length); }
int ftruncate64(int descriptor, off_t length) { return cut(descriptor, length); }

static int synced(int descriptor, const char *name) {
    int (*real)(int) = next(name);
    uint32_t file = file_at(descriptor);
    if (file == NO_FILE) return real(descriptor);
    pthread_mutex_lock(&lock);
    /* The machine's own disk need not be waited for: only the record counts. */
    append(file == THE_FOLDER ? FOLDER_SYNCED : SYNCED, file, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    return 0;
}

int fsync(int descriptor) { return synced(descriptor, "fsync"); }
int fdatasync(int descriptor) { return synced(descriptor, "fdatasync"); }

int unlink(const char *path) {
    int (*real)(const char *) = next("unlink");
    const char *name = name_in_folder(path);
    if (name == NULL) return real(path);
    pthread_mutex_lock(&lock);
    int status = real(path);
    if (status == 0) append(REMOVED, 0, 0, name, strlen(name));
    pthread_mutex_unlock(&lock);
    return status;
}

int rename(const char *old_path, const char *new_path) {
    int (*real)(const char *, const char *) = next("rename");
    const char *old_name = name_in_folder(old_path), *new_name = name_in_folder(new_path);
    if (old_name == NULL || new_name == NULL) return real(old_path, new_path);
    pthread_mutex_lock(&lock);
    int status = real(old_path, new_path);
    if (status == 0) {
        char names[2 * PATH_MAX];
        size_t length = (size_t)snprintf(names, sizeof names, "%s%c%s", old_name, 0, new_name);
        append(RENAMED, 0, 0, names, length);
    }
    pthread_mutex_unlock(&lock);
    return status;
}

/* Begins to record what happens in `path` to an already open log. */
void record_writes_begin(const char *path, int descriptor) {
    folder_length = strlen(path);
    if (folder_length >= sizeof folder) fail("the folder's path is too long");
    memcpy(folder, path, folder_length + 1);
    log_descriptor = descriptor;
}
