#include "outbound/child.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM "corridord-uplink"

int child_start(int fd, pid_t *ret_pid)
{
	return child_start_of(PROGRAM, fd, ret_pid);
}

int child_check(char *const arguments[])
{
	int status = 0;
	pid_t pid;
	int err = child_start_program(arguments[0], arguments, STDIN_FILENO, &pid);

	if (err < 0)
		return err;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -ECHILD;
}

int child_check_tls(const struct uplink_conf *conf)
{
	char none[] = "";
	char *const arguments[] = {(char[]){PROGRAM},
				   (char[]){"--check-tls"},
				   conf->tls_ca ? conf->tls_ca : none,
				   conf->tls_cert ? conf->tls_cert : none,
				   conf->tls_key ? conf->tls_key : none,
				   conf->tls_crl ? conf->tls_crl : none,
				   NULL};

	return child_check(arguments);
}
