BEGIN;
COPY orders (id, title) FROM STDIN WITH (FORMAT csv);
2,"second, ""quoted"""
3,
\.
COPY lines FROM STDIN;
2	1	a\ttab
2	2	\N
1	1	back\\slash
\.
COMMIT;
