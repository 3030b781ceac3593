#include "process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#define PORT_MIN 10000 /* the system tests take theirs above these */
#define PORTS	 10000

static struct sockaddr_in loopback(int port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

static bool is_free(int port)
{
	struct sockaddr_in address = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool free;

	free = bind(fd, (void *)&address, sizeof(address)) == 0;
	close(fd);
	return free;
}

int free_port(void)
{
	uint16_t chance;
	int port;

	do {
		assert_int_equal(getrandom(&chance, sizeof(chance), 0), sizeof(chance));
		port = PORT_MIN + chance % PORTS;
	} while (!is_free(port));
	return port;
}

bool is_listening(int port)
{
	struct sockaddr_in address = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool listening = connect(fd, (void *)&address, sizeof(address)) == 0;

	close(fd);
	return listening;
}

bool process_fork(struct process *process)
{
	process->pid = fork();
	assert_true(process->pid >= 0);
	if (process->pid > 0)
		return false;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	return true;
}

static void become(const char *log, char *const argv[])
{
	int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);

	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	execvp(argv[0], argv);
	_exit(127);
}

void process_start(struct process *process, const char *log, char *const argv[])
{
	if (process_fork(process))
		become(log, argv);
	WAIT_FOR(is_listening(process->port));
}

void process_end(struct process *process, int signal)
{
	if (process->pid <= 0)
		return;
	setpgid(process->pid, process->pid); /* if the child did not come to it */
	kill(-process->pid, signal);
	kill(-process->pid, SIGCONT);
	waitpid(process->pid, NULL, 0);
	WAIT_FOR(!is_listening(process->port));
	process->pid = 0;
}

void shell_in(const char *folder, const char *format, ...)
{
	char command[2048];
	size_t used = (size_t)snprintf(command, sizeof(command), "cd %s && ", folder);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command + used, sizeof(command) - used, format, arguments);
	va_end(arguments);
	shell("%s", command);
}
