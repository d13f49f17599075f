/* For whoever is started with LD_PRELOAD: fails or kills at the n-th write or fsync of a database file, and has the
   disk full as long as there is a file where DISK_FULL says. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static long left = 0;    /* calls until it happens; 0: never */
static long passed = 0;  /* calls so far */
static int what = 0;     /* an errno, or -1: kill */

void shim_arm(long nth, int error) { passed = 0; left = nth; what = error; }
long shim_passed(void) { return passed; }

static int is_database(int fd) {
    char link[64], path[512];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size <= 0) return 0;
    path[size] = 0;
    return strstr(path, ".db") != NULL;
}

static int strikes(int fd) {
    if (!is_database(fd)) return 0;
    passed++;
    if (left == 0 || --left > 0) return 0;
    if (what == -1) kill(getpid(), SIGKILL);
    errno = what;
    return 1;
}

static int is_full(int fd) {
    const char *told = getenv("DISK_FULL");
    if (!told || access(told, F_OK) != 0 || !is_database(fd)) return 0;
    errno = ENOSPC;
    return 1;
}

#define REAL(name) \
    static __typeof__(name) *real = NULL; \
    if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
    REAL(pwrite);
    return strikes(fd) || is_full(fd) ? -1 : real(fd, data, size, at);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
    REAL(pwrite64);
    return strikes(fd) || is_full(fd) ? -1 : real(fd, data, size, at);
}

ssize_t write(int fd, const void *data, size_t size) {
    REAL(write);
    return strikes(fd) || is_full(fd) ? -1 : real(fd, data, size);
}

int fsync(int fd) {
    REAL(fsync);
    return strikes(fd) ? -1 : real(fd);
}

int fdatasync(int fd) {
    REAL(fdatasync);
    return strikes(fd) ? -1 : real(fd);
}

int ftruncate64(int fd, off64_t size) {
    REAL(ftruncate64);
    return strikes(fd) || is_full(fd) ? -1 : real(fd, size);
}
