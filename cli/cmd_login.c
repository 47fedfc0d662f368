// SPDX-License-Identifier: Apache-2.0
/* login and logout: credentials for registries, kept as podman and docker keep them. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "cli/output.h"
#include "cli/prompt.h"
#include "cli/registry_settings.h"
#include "cli/verbs.h"
#include "images/work.h"

struct login {
	const char *user, *password, *authfile;
	enum switch_state tls_verify;
	bool password_stdin, get_login, verbose;
};

struct logout {
	const char *authfile;
	bool all;
};

static const struct option login_rows[] = {
	OPT_STRING(struct login, user, "username", 'u', "NAME", "the user's name; default: you are asked"),
	OPT_FLAG(struct login, password_stdin, "password-stdin", 0, "read the password from standard input"),
	OPT_STRING(struct login, password, "password", 'p', "PASSWORD", "the password, for everybody to see who lists processes"),
	OPT_STRING(struct login, authfile, "authfile", 0, "FILE", "where to keep it; default: $REGISTRY_AUTH_FILE, or podman's"),
	OPT_SWITCH(struct login, tls_verify, "tls-verify", 0, "=false: this registry may have any certificate, or no TLS"),
	OPT_FLAG(struct login, get_login, "get-login", 0, "only show who is logged in"),
	OPT_FLAG(struct login, verbose, "verbose", 'v', "show where it is kept"),
};

static const struct option logout_rows[] = {
	OPT_STRING(struct logout, authfile, "authfile", 0, "FILE", "where it is kept; default: $REGISTRY_AUTH_FILE, or podman's"),
	OPT_FLAG(struct logout, all, "all", 'a', "of all registries"),
};

/* What both verbs begin with. */
struct account {
	struct engine engine;
	struct registry_settings settings;
	struct registries *registries;
	char key[AUTH_KEY_MAX], host[256];
	char path[PATH_MAX]; /* of the auth file */
};

#define NO_ACCOUNT { .registries = NULL } /* until open_account(), which begins with the engine */

static void close_account(struct account *a)
{
	registries_free(a->registries);
	engine_close(&a->engine);
}
#define auto_account __attribute__((cleanup(close_account)))

/* The first of those that short names are looked for in. */
static int usual_registry(struct account *a, struct arena *arena, const char **ret, struct err *e)
{
	struct strv names;
	int r = registries_candidates(a->registries, "x", arena, &names, e);

	if (r < 0)
		return r;
	names.v[0][strcspn(names.v[0], "/")] = '\0';
	*ret = names.v[0];
	return 0;
}

static int open_account(const struct call *c, const char *authfile, struct account *ret, struct err *e)
{
	const char *registry = c->args[0];
	int r = verb_engine(c, &ret->engine, e);

	if (r >= 0)
		r = registry_settings(ret->engine.fetcher, authfile, c->arena, &ret->settings, e);
	if (r >= 0)
		r = registries_read(&ret->settings.files, &ret->registries, e);
	if (r >= 0)
		r = auth_path(&ret->settings.session.auth, ret->path, sizeof(ret->path), e);
	if (r >= 0 && !registry)
		r = usual_registry(ret, c->arena, &registry, e);
	if (r >= 0)
		r = auth_key(registry, ret->key, e);
	if (r >= 0)
		snprintf(ret->host, sizeof(ret->host), "%.*s", (int)strcspn(ret->key, "/"), ret->key);
	return r;
}

/* ---- is it right? ---- */

static int ping(const struct account *a, const struct endpoint *at, const struct auth *auth, int work, struct fetch_reply *reply,
		struct err *e)
{
	auto_transfer struct transfer t = TRANSFER_NONE;
	struct fetch_request request = { .kind = FETCH_PING };
	int r = session_start(&a->settings.session, at, auth, false, work, &t, e);

	return r < 0 ? r : transfer_do(&t, &request, -1, reply, e);
}

/* The registry itself, no mirror; a host for tests over TLS, then without. Where it has answered, that is its answer. */
static int check(const struct account *a, const struct auth *auth, bool plain, struct err *e)
{
	struct endpoint at[ENDPOINTS_MAX];
	struct image_ref ref = { .name = "x" };
	auto_work struct work work = WORK_NONE;

	snprintf(ref.host, sizeof(ref.host), "%s", a->host);
	int n = registries_endpoints(a->registries, &ref, true, false, plain, at, e);

	store_sweep(&a->engine.store); /* a login that was killed has left a work folder, too */
	int r = n < 0 ? n : work_begin(&a->engine.store, &work, e);

	for (int i = 0; i < n && r >= 0; i++) {
		struct fetch_reply reply = { 0 };

		at[i].repository[0] = '\0';
		r = ping(a, &at[i], auth, work.fd, &reply, e);
		if (r >= 0 || reply.status || r == -EINVAL) /* the last: something is wrong on our side */
			return r;
		if (i + 1 < n)
			r = 0;
	}
	return r;
}

/* ---- who? ---- */

static int too_long(struct err *e)
{
	return err_say(e, EINVAL, "the name or the password is too long");
}

static int read_stdin(struct auth *auth, struct err *e)
{
	ssize_t n = fd_read_all(STDIN_FILENO, auth->password, sizeof(auth->password));

	if (n < 0)
		return err_set(e, (int)-n, "read the password from standard input");
	if (n == sizeof(auth->password))
		return too_long(e);
	auth->password[n] = '\0';
	auth->password[strcspn(auth->password, "\r\n")] = '\0';
	return 0;
}

static int take_user(const struct login *o, struct auth *auth, struct err *e)
{
	int r = 0;

	if (!o->user)
		r = prompt_line("Username: ", false, auth->user, sizeof(auth->user), e);
	else if (strlen(o->user) < sizeof(auth->user))
		snprintf(auth->user, sizeof(auth->user), "%s", o->user);
	else
		r = too_long(e);
	if (r == -ENOTTY)
		return err_hint(e, "give --username and --password-stdin");
	if (r < 0)
		return r;
	if (!*auth->user || strchr(auth->user, ':'))
		return err_say(e, EINVAL, "a user's name is not empty, and has no : in it");
	return 0;
}

static int take_password(const struct login *o, struct auth *auth, struct err *e)
{
	int r = 0;

	if (o->password_stdin)
		r = read_stdin(auth, e);
	else if (!o->password)
		r = prompt_line("Password: ", true, auth->password, sizeof(auth->password), e);
	else if (strlen(o->password) < sizeof(auth->password))
		snprintf(auth->password, sizeof(auth->password), "%s", o->password);
	else
		r = too_long(e);
	if (r == -ENOTTY)
		return err_hint(e, "give --password-stdin");
	return r < 0 || *auth->password ? r : err_say(e, EINVAL, "the password is empty");
}

static int check_options(const struct call *c, struct err *e)
{
	const struct login *o = c->options;

	if (o->password_stdin && o->password)
		return err_say(e, EINVAL, "--password and --password-stdin: one of them");
	if (o->password_stdin && !o->user)
		return err_say(e, EINVAL, "--password-stdin needs --username");
	if (o->password)
		output_warning(c, "everybody who lists processes can see a password that is given with --password; "
				  "use --password-stdin");
	return 0;
}

static int show_login(const struct account *a, const struct auth *auth, struct err *e)
{
	if (!*auth->user)
		return err_say(e, ENOENT, "not logged into %s", a->key);
	output_line(auth->user);
	return 0;
}

static void say_where(const struct login *o, const struct account *a)
{
	if (o->verbose)
		printf("Used: %s\n", a->path);
}

/* What is kept already, if nobody else is named. Return: 1 where it is right, 0 where one has to ask, or -errno with @e filled */
static int try_existing(const struct login *o, const struct account *a, const struct auth *auth, struct err *e)
{
	if (o->user || o->password || !*auth->user)
		return 0;
	printf("Authenticating with existing credentials for %s\n", a->key);
	int r = check(a, auth, o->tls_verify == SWITCH_OFF, e);

	if (r == -EACCES) {
		puts("Existing credentials are invalid, please enter valid username and password");
		return 0;
	}
	if (r < 0)
		return r;
	printf("Existing credentials are valid. Already logged in to %s\n", a->key);
	say_where(o, a);
	return 1;
}

static int run_login(const struct call *c, struct err *e)
{
	const struct login *o = c->options;
	auto_account struct account a = NO_ACCOUNT;
	auto_auth struct auth auth = { 0 };
	int r = open_account(c, o->authfile, &a, e);

	if (r >= 0)
		r = check_options(c, e);
	if (r >= 0)
		r = auth_find(&a.settings.session.auth, a.host, a.key + strcspn(a.key, "/") + (strchr(a.key, '/') != NULL), &auth, e);
	if (r < 0 || o->get_login)
		return r < 0 ? r : show_login(&a, &auth, e);
	r = try_existing(o, &a, &auth, e);
	if (r != 0)
		return MIN(r, 0);
	auth_forget(&auth);
	r = take_user(o, &auth, e);
	if (r >= 0)
		r = take_password(o, &auth, e);
	if (r >= 0 && check(&a, &auth, o->tls_verify == SWITCH_OFF, e) < 0)
		r = err_wrap(e, "log into %s", a.key);
	if (r >= 0)
		r = auth_store(&a.settings.session.auth, a.key, &auth, e);
	if (r < 0)
		return r;
	say_where(o, &a);
	puts("Login Succeeded!");
	return 0;
}

/* ---- forgotten ---- */

/* There was nothing where we keep it. */
static int not_there(const struct account *a, struct err *e)
{
	auto_auth struct auth auth = { 0 };
	int r = auth_find(&a->settings.session.auth, a->host, NULL, &auth, e);

	if (r < 0)
		return r;
	err_say(e, ENOENT, "not logged into %s", a->key);
	if (*auth.user)
		err_hint(e, "there are credentials that `docker login` or somebody else has kept: take them away with "
			    "`docker logout`, or give --authfile");
	return -ENOENT;
}

static int run_logout(const struct call *c, struct err *e)
{
	const struct logout *o = c->options;
	auto_account struct account a = NO_ACCOUNT;
	bool found = false;
	int r = open_account(c, o->authfile, &a, e);

	if (r >= 0 && o->all && c->n_args)
		r = err_say(e, EINVAL, "--all leaves no place for a registry");
	if (r >= 0)
		r = auth_remove(&a.settings.session.auth, o->all ? NULL : a.key, &found, e);
	if (r >= 0 && !o->all && !found)
		r = not_there(&a, e);
	if (r < 0)
		return r;
	printf("Removed login credentials for %s\n", o->all ? "all registries" : a.key);
	return 0;
}

const struct verb verb_login = {
	.name = "login",
	.group = "Images",
	.arguments = "[REGISTRY]",
	.help = "log into a registry",
	.about = "Keep a name and a password for a registry (docker.io where none is named), or for the names that begin with "
		 "HOST/NAME, once the registry has taken them. They are kept where podman looks for them, in a file for you alone, or "
		 "by the credential helper that this file names; what `docker login` has kept is found, too.",
	.max_args = 1,
	.options = OPTIONS(login_rows, struct login),
	.run = run_login,
};

const struct verb verb_logout = {
	.name = "logout",
	.group = "Images",
	.arguments = "[REGISTRY]",
	.help = "forget a name and password",
	.about = "Take away what `login` has kept for a registry (docker.io where none is named).",
	.max_args = 1,
	.options = OPTIONS(logout_rows, struct logout),
	.run = run_logout,
};
