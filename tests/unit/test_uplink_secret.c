/* Passwords, from a file or from where systemd puts them. */
#include "rig/unit.h"

#include <unistd.h>

#include "net/secret.h"

static int read_secret(const char *content, size_t bytes, char secret[SECRET_BYTES])
{
	char path[] = "/tmp/corridord-secret-XXXXXX";
	int fd = mkstemp(path);
	int result;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, bytes), bytes);
	close(fd);
	result = secret_read(path, secret);
	unlink(path);
	return result;
}

static void a_password_is_the_first_line_without_its_end(void **state)
{
	static const char *const contents[] = {"s3cret", "s3cret\n", "s3cret\r\n",
					       "s3cret\n# of the broker\n"};
	char secret[SECRET_BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT(contents); i++) {
		assert_int_equal(read_secret(contents[i], strlen(contents[i]), secret), 6);
		assert_string_equal(secret, "s3cret");
	}
	assert_int_equal(read_secret("", 0, secret), 0);
	assert_string_equal(secret, "");
}

static void a_password_that_cannot_be_one_is_refused(void **state)
{
	static char large[SECRET_BYTES + 100];
	char secret[SECRET_BYTES];

	(void)state;
	memset(large, 'x', sizeof(large));
	assert_int_equal(read_secret(large, sizeof(large), secret), -EMSGSIZE);
	assert_int_equal(read_secret(large, SECRET_BYTES, secret), -EMSGSIZE);
	assert_int_equal(read_secret(large, SECRET_BYTES - 1, secret), SECRET_BYTES - 1);
	assert_int_equal(read_secret("a\0b", 3, secret), -EILSEQ);
	assert_int_equal(secret_read("/nonexistent", secret), -ENOENT);
	assert_int_equal(secret_read("/", secret), -EISDIR);
}

static void a_credential_is_a_name_in_the_folder_that_systemd_gives(void **state)
{
	const char *folder = "/run/credentials/corridord.service";
	char name[] = "broker";
	char escape[] = "../../etc/shadow";
	struct uplink_conf conf = {.password_credential = name};
	char path[SECRET_PATH_BYTES];

	(void)state;
	assert_int_equal(secret_path(&conf, NULL, path), -EINVAL);
	assert_int_equal(secret_path(&conf, folder, path), 0);
	assert_string_equal(path, "/run/credentials/corridord.service/broker");
	conf.password_credential = escape;
	assert_int_equal(secret_path(&conf, folder, path), -EINVAL);
	conf.password_credential = NULL;
	assert_int_equal(secret_path(&conf, folder, path), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_password_is_the_first_line_without_its_end),
		cmocka_unit_test(a_password_that_cannot_be_one_is_refused),
		cmocka_unit_test(a_credential_is_a_name_in_the_folder_that_systemd_gives),
	};

	return cmocka_run_group_tests_name("uplink secret", tests, NULL, NULL);
}
