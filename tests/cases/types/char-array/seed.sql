INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, '{ab,abc,NULL}'),
  (2, '{}'),
  (3, NULL);
