INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, '{0.1,NULL,1e-45}'),
  (2, '{}'),
  (3, NULL);
