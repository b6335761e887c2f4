// Part of this module's interface: `TrainingOptions.task`, `.pooling`, `.precision`,
// `.frozenPrecision` and `.schedule`.
@_exported import enum AutoRegEmbed.EmbeddingTask
@_exported import enum AutoRegEmbed.Pooling
@_exported import enum Tensors.ComputePrecision
@_exported import enum Tensors.FrozenPrecision
@_exported import enum Tensors.LearningRateSchedule
