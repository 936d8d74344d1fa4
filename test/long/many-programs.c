/*
 * Starts COUNT programs, PARALLEL at a time, each of a file of its own that is gone when it has ended:
 * many-programs FOLDER COUNT PARALLEL. A program is this one, with its number behind it; it burns CPU for a moment.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BURN_NS 5000000

static void burn(void)
{
	struct timespec now;
	do
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	while (now.tv_sec == 0 && now.tv_nsec < BURN_NS);
}

static void write_program(const char *path, int number)
{
	int from = open("/proc/self/exe", O_RDONLY), to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	struct stat facts;
	fstat(from, &facts);
	sendfile(to, from, NULL, facts.st_size);
	dprintf(to, "%d", number);
	close(from);
	close(to);
}

int main(int count, char **arguments)
{
	if (count < 4) {
		burn();
		return 0;
	}
	int programs = atoi(arguments[2]), parallel = atoi(arguments[3]);
	pid_t *pids = calloc(parallel, sizeof(*pids));
	char path[4096];
	for (int number = 0; number < programs + parallel; number++) {
		pid_t *slot = &pids[number % parallel];
		if (*slot > 0) {
			waitpid(*slot, NULL, 0);
			snprintf(path, sizeof(path), "%s/%d", arguments[1], number - parallel);
			unlink(path);
		}
		*slot = 0;
		if (number >= programs)
			continue;
		snprintf(path, sizeof(path), "%s/%d", arguments[1], number);
		write_program(path, number);
		*slot = fork();
		if (*slot == 0) {
			execl(path, path, (char *)NULL);
			_exit(127);
		}
	}
	return 0;
}
