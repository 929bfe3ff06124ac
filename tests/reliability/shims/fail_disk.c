/* Makes the disk under one folder fail when told to, while the process runs.
 *
 * Preloaded (LD_PRELOAD) before libc. FAIL_DISK_FOLDER names the folder, FAIL_DISK_ORDER a file of
 * one byte that another process may change at any time:
 *
 *   -   the disk works
 *   f   it is full: what would write fails with ENOSPC
 *   o   it is read-only: what would write fails with EROFS
 *   w   it cannot write: what would write, and a sync, fails with EIO
 *   s   it cannot sync: a sync fails with EIO, although the writes before it went well
 *   r   it cannot read: a read fails with EIO
 *   h   it hangs: what would write waits until the order is another one
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#define MOST_DESCRIPTORS 1024

static const volatile char *order;
static const char *folder;
static char is_ours[MOST_DESCRIPTORS];

static void *next(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (found == NULL) abort();
    return found;
}

/* Runs before main: nothing is opened behind the process's back later. */
__attribute__((constructor)) static void begin(void) {
    int (*real_open)(const char *, int, ...) = next("open");
    folder = getenv("FAIL_DISK_FOLDER");
    const char *file = getenv("FAIL_DISK_ORDER");
    if (folder == NULL || file == NULL) return;
    int descriptor = real_open(file, O_RDONLY | O_CLOEXEC);
    void *map = descriptor < 0 ? MAP_FAILED : mmap(NULL, 1, PROT_READ, MAP_SHARED, descriptor, 0);
    if (map == MAP_FAILED) {
        fprintf(stderr, "fail_disk: %s cannot be mapped\n", file);
        abort();
    }
    order = map;
    ((int (*)(int))next("close"))(descriptor);
}

static int is_under_folder(const char *path) {
    return order != NULL && strncmp(path, folder, strlen(folder)) == 0;
}

static int ours(int descriptor) {
    return descriptor >= 0 && descriptor < MOST_DESCRIPTORS && is_ours[descriptor];
}

/* Returns the error that a call must fail with, 0 if it may go on. */
static int failure(int would_write, int is_sync) {
    const struct timespec nap = {0, 10 * 1000 * 1000};
    while (*order == 'h' && would_write) nanosleep(&nap, NULL);
    switch (*order) {
    case 'f':
        return would_write && !is_sync ? ENOSPC : 0;
    case 'o':
        return would_write ? EROFS : 0;
    case 'w':
        return would_write ? EIO : 0;
    case 's':
        return is_sync ? EIO : 0;
    case 'r':
        return would_write ? 0 : EIO;
    default:
        return 0;
    }
}

#define FAIL_IF_TOLD(descriptor, would_write, is_sync)                       \
    if (ours(descriptor)) {                                                  \
        int error = failure(would_write, is_sync);                           \
        if (error != 0) {                                                    \
            errno = error;                                                   \
            return -1;                                                       \
        }                                                                    \
    }

static int opened(const char *path, int flags, mode_t mode, const char *name) {
    int (*real)(const char *, int, ...) = next(name);
    int is_mine = is_under_folder(path);
    if (is_mine && (flags & (O_WRONLY | O_RDWR | O_CREAT)) && *order == 'o') {
        errno = EROFS;
        return -1;
    }
    int descriptor = real(path, flags, mode);
    if (descriptor >= 0 && descriptor < MOST_DESCRIPTORS) is_ours[descriptor] = (char)is_mine;
    return descriptor;
}

#define OPEN(name)                                                                        \
    int name(const char *path, int flags, ...) {                                          \
        va_list more;                                                                     \
        va_start(more, flags);                                                            \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;           \
        va_end(more);                                                                     \
        return opened(path, flags, mode, #name);                                          \
    }
OPEN(open)
OPEN(open64)

int close(int descriptor) {
    if (descriptor >= 0 && descriptor < MOST_DESCRIPTORS) is_ours[descriptor] = 0;
    return ((int (*)(int))next("close"))(descriptor);
}

ssize_t write(int descriptor, const void *data, size_t length) {
    FAIL_IF_TOLD(descriptor, 1, 0)
    return ((ssize_t(*)(int, const void *, size_t))next("write"))(descriptor, data, length);
}

#define WRITE_AT(name)                                                                     \
    ssize_t name(int descriptor, const void *data, size_t length, off_t offset) {          \
        FAIL_IF_TOLD(descriptor, 1, 0)                                                     \
        return ((ssize_t(*)(int, const void *, size_t, off_t))next(#name))(descriptor, data, \
                                                                           length, offset); \
    }
WRITE_AT(pwrite)
WRITE_AT(pwrite64)

ssize_t read(int descriptor, void *data, size_t length) {
    FAIL_IF_TOLD(descriptor, 0, 0)
    return ((ssize_t(*)(int, void *, size_t))next("read"))(descriptor, data, length);
}

#define READ_AT(name)                                                                      \
    ssize_t name(int descriptor, void *data, size_t length, off_t offset) {                \
        FAIL_IF_TOLD(descriptor, 0, 0)                                                     \
        return ((ssize_t(*)(int, void *, size_t, off_t))next(#name))(descriptor, data,     \
                                                                     length, offset);      \
    }
READ_AT(pread)
READ_AT(pread64)

#define CUT(name)                                                                          \
    int name(int descriptor, off_t length) {                                               \
        FAIL_IF_TOLD(descriptor, 1, 0)                                                     \
        return ((int (*)(int, off_t))next(#name))(descriptor, length);                     \
    }
CUT(ftruncate)
CUT(ftruncate64)

int unlink(const char *path) {
    if (is_under_folder(path)) {
        int error = failure(1, 0);
        /* What is removed needs no room. */
        if (error != 0 && error != ENOSPC) {
            errno = error;
            return -1;
        }
    }
    return ((int (*)(const char *))next("unlink"))(path);
}

#define SYNC(name)                                                                         \
    int name(int descriptor) {                                                             \
        FAIL_IF_TOLD(descriptor, 1, 1)                                                     \
        return ((int (*)(int))next(#name))(descriptor);                                    \
    }
SYNC(fsync)
SYNC(fdatasync)
