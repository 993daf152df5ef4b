COPY orders FROM STDIN;
1	first
\.
