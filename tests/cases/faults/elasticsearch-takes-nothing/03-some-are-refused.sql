UPDATE lines SET label = label || '!';
UPDATE orders SET title = title || '?';
