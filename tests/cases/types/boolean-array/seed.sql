INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, '{t,f,NULL}'),
  (2, NULL);
