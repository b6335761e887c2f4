// Part of this module's interface: `TrainingOptions.precision`.
@_exported import enum Tensors.ComputePrecision
