/* Sets a process's clock of the day wrong, at any time while it runs; monotonic time goes on.
 *
 * Preloaded (LD_PRELOAD) before libc. SET_CLOCK_OFFSET names a file of eight bytes that another
 * process may change at any time: seconds to add, a signed integer in the machine's own byte order.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *offset_s;

static void *next(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (found == NULL) abort();
    return found;
}

__attribute__((constructor)) static void begin(void) {
    const char *file = getenv("SET_CLOCK_OFFSET");
    if (file == NULL) return;
    int descriptor = open(file, O_RDONLY | O_CLOEXEC);
    void *map = descriptor < 0 ? MAP_FAILED : mmap(NULL, 8, PROT_READ, MAP_SHARED, descriptor, 0);
    if (map == MAP_FAILED) {
        fprintf(stderr, "set_clock: %s cannot be mapped\n", file);
        abort();
    }
    offset_s = map;
    close(descriptor);
}

static int64_t wrong_by_s(void) { return offset_s == NULL ? 0 : *offset_s; }

int clock_gettime(clockid_t clock, struct timespec *now) {
    int status = ((int (*)(clockid_t, struct timespec *))next("clock_gettime"))(clock, now);
    if (status == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += wrong_by_s();
    return status;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    int status = ((int (*)(struct timeval *, void *))next("gettimeofday"))(now, zone);
    if (status == 0) now->tv_sec += wrong_by_s();
    return status;
}

time_t time(time_t *result) {
    time_t now = ((time_t(*)(time_t *))next("time"))(NULL) + wrong_by_s();
    if (result != NULL) *result = now;
    return now;
}
