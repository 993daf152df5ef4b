UPDATE lines SET label = upper(label);
