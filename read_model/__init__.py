"""The contract of the documents: a spec, the plan it resolves to, and the compilers of that plan. No I/O, no clock."""
