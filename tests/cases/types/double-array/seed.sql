INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, '{0.1,NULL,1e22,5e-324}'),
  (2, '{}'),
  (3, '{-0.5,1.7976931348623157e308}'),
  (4, NULL);
