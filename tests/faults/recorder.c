/* Writes down, in order, what a process does to the files below DERMSBUS_RECORD_DIR: the log at DERMSBUS_RECORD_LOG.
   Loaded with LD_PRELOAD. A record is: operation (1 byte), length of path, offset, length of data (8 bytes each,
   little-endian), path, data. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MOST_FILES = 1024 };
static char *names[MOST_FILES];
static int log_fd = -1;
static const char *folder;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void begin(void) {
  folder = getenv("DERMSBUS_RECORD_DIR");
  const char *path = getenv("DERMSBUS_RECORD_LOG");
  if (folder && path) log_fd = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void put(const void *data, size_t size) {
  const char *rest = data;
  while (size > 0) {
    long done = syscall(SYS_write, log_fd, rest, size);
    if (done <= 0) abort();
    rest += done;
    size -= (size_t)done;
  }
}

static void record(char operation, const char *path, uint64_t offset, const void *data, uint64_t size) {
  uint64_t head[3] = {strlen(path), offset, size};
  pthread_mutex_lock(&lock);
  put(&operation, 1);
  put(head, sizeof head);
  put(path, head[0]);
  if (data) put(data, size);
  pthread_mutex_unlock(&lock);
}

static const char *name_of(int fd) { return log_fd >= 0 && fd >= 0 && fd < MOST_FILES ? names[fd] : NULL; }

static int opened(int fd, const char *path) {
  if (log_fd >= 0 && fd >= 0 && fd < MOST_FILES && folder && !strncmp(path, folder, strlen(folder))) {
    free(names[fd]);
    names[fd] = strdup(path);
  }
  return fd;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int open(const char *path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  mode_t mode = va_arg(more, mode_t);
  va_end(more);
  return opened(NEXT(open)(path, flags, mode), path);
}

int open64(const char *path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  mode_t mode = va_arg(more, mode_t);
  va_end(more);
  return opened(NEXT(open64)(path, flags, mode), path);
}

int close(int fd) {
  if (name_of(fd)) {
    free(names[fd]);
    names[fd] = NULL;
  }
  return NEXT(close)(fd);
}

ssize_t write(int fd, const void *data, size_t size) {
  ssize_t done = NEXT(write)(fd, data, size);
  if (done > 0 && name_of(fd)) record('a', name_of(fd), 0, data, (uint64_t)done);
  return done;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) {
  ssize_t done = NEXT(pwrite)(fd, data, size, offset);
  if (done > 0 && name_of(fd)) record('w', name_of(fd), (uint64_t)offset, data, (uint64_t)done);
  return done;
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset) {
  ssize_t done = NEXT(pwrite64)(fd, data, size, offset);
  if (done > 0 && name_of(fd)) record('w', name_of(fd), (uint64_t)offset, data, (uint64_t)done);
  return done;
}

int ftruncate(int fd, off_t size) {
  int done = NEXT(ftruncate)(fd, size);
  if (!done && name_of(fd)) record('t', name_of(fd), (uint64_t)size, NULL, 0);
  return done;
}

int ftruncate64(int fd, off64_t size) {
  int done = NEXT(ftruncate64)(fd, size);
  if (!done && name_of(fd)) record('t', name_of(fd), (uint64_t)size, NULL, 0);
  return done;
}

int fsync(int fd) {
  int done = NEXT(fsync)(fd);
  if (!done && name_of(fd)) record('s', name_of(fd), 0, NULL, 0);
  return done;
}

int fdatasync(int fd) {
  int done = NEXT(fdatasync)(fd);
  if (!done && name_of(fd)) record('s', name_of(fd), 0, NULL, 0);
  return done;
}

int unlink(const char *path) {
  int done = NEXT(unlink)(path);
  if (!done && log_fd >= 0 && folder && !strncmp(path, folder, strlen(folder))) record('u', path, 0, NULL, 0);
  return done;
}
