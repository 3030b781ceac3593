#include "transit/checkpoint/study_series.h"

void study_series_add(struct study_series *series, const struct study_bounds *bounds,
		      int64_t duration_ns, bool marked)
{
	if (marked)
		series->figures.marked++;
	else
		study_figures_add(&series->figures, bounds, duration_ns);
	series->changed = true;
}

bool study_series_has_any(const struct study_series *series)
{
	return series->figures.n > 0 || series->figures.marked > 0;
}

void study_series_forget(struct study_series *series)
{
	series->changed = series->kept;
	if (study_series_has_any(series)) /* else its memory was perhaps never touched */
		series->figures = (struct study_figures){0};
}

void study_series_recall(struct study_series *series, const char *text)
{
	series->kept = true;
	(void)study_figures_read(&series->figures, text);
}

void study_series_keep(struct study_series *series, const char *key, const struct keeper *keeper)
{
	char text[MEMO_BYTES];

	if (!series->changed)
		return;
	series->changed = false;
	if (study_series_has_any(series) &&
	    study_figures_write(&series->figures, text, sizeof(text)) == 0) {
		keeper->keep(keeper->data, key, text);
		series->kept = true;
	} else if (series->kept) {
		keeper->keep(keeper->data, key, NULL);
		series->kept = false;
	}
}

const char *study_group_name(enum study_group group)
{
	static const char *const names[STUDY_GROUPS] = {
		[STUDY_RECOGNISED] = "recognised",
		[STUDY_OTHERS] = "others",
	};

	return names[group];
}
