"""Statements of the intake that the ORM cannot say well."""

# Rows on their way in; text that COPY takes as it is, cells as one JSON list.
STAGE_ROWS = 'COPY core_importrow (run_id, number, "group", cells, state, "column", reason) FROM STDIN'

# What became of the rows of one slice.
# %s = line numbers[], states[], columns[], reasons[], made ids[], the import
NOTE_ROWS = """
UPDATE core_importrow AS r SET state = u.state, "column" = u.col, reason = u.reason, made_id = u.made_id
FROM unnest(%s::int[], %s::text[], %s::text[], %s::text[], %s::bigint[]) AS u(number, state, col, reason, made_id)
WHERE r.run_id = %s AND r.number = u.number
"""
