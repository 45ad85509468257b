using SecureAggregation.Aggregator.Rounds;
using SecureAggregation.Aggregator.Store;

namespace SecureAggregation.Aggregator.Hosting;

/// <summary>The outside of a station.</summary>
/// <param name="Clock">The time.</param>
/// <param name="OpenStorage">Opens what the station keeps.</param>
/// <param name="Meaning">What the integers of rounds mean.</param>
/// <param name="Logging">Where the log goes.</param>
internal sealed record StationSurroundings(TimeProvider Clock, Func<StationOptions, StationFiles, StationStorage> OpenStorage, IRoundMeaning Meaning, Action<ILoggingBuilder> Logging);
