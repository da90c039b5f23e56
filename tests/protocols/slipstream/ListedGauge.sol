// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// Stands before a gauge and lacks what MetaDEX03's gauges lack: `earned` of one id, `rewards`, `rewardToken`.
contract ListedGauge {
    address private immutable gauge;

    constructor(address gauge_) {
        gauge = gauge_;
    }

    fallback() external {
        bytes4 asked = msg.sig;
        bool lacks = asked == bytes4(keccak256("earned(address,uint256)")) || asked == bytes4(keccak256("rewardToken()"))
            || asked == bytes4(keccak256("rewards(uint256)"));
        if (lacks) {
            assembly {
                revert(0, 0)
            }
        }
        (bool ok, bytes memory said) = gauge.delegatecall(msg.data);
        assembly {
            if iszero(ok) { revert(add(said, 32), mload(said)) }
            return(add(said, 32), mload(said))
        }
    }
}
