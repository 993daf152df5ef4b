INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, '{2017-09-15,NULL}'),
  (2, '{}'),
  (3, '{0001-01-01,9999-12-31}'),
  (4, NULL);
