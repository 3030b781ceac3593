/* What the lines "#! ..." of a trace do, see replayer.h. A line that is none of these: false; one that cannot be
 * read ends the program. */
#ifndef TESTS_TRACES_LINES_H
#define TESTS_TRACES_LINES_H

#include "replay.h"

bool replay_register(struct replay *replay, char *line);
bool replay_word(struct replay *replay, const char *line);
bool replay_hear(struct replay *replay, const char *line);

/* The same without the word that they begin with. */
void replay_answer(struct replay *replay, double seconds, enum registry_outcome outcome);
void replay_present(struct replay *replay, const char *line);
void replay_acknowledge(struct replay *replay, const char *line);
void replay_act(struct replay *replay, const char *line);
void replay_legs(struct replay *replay, const char *line);

#endif
