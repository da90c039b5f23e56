// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// All that the real Voter, pool and gauge factories ask of the rest of their protocol, and nothing of a gauge's life.
contract VoterStage {
    address public immutable token; // as the voting escrow
    address public gaugeFactory;

    constructor(address token_) {
        token = token_;
    }

    function setGaugeFactory(address factory) external {
        gaugeFactory = factory;
    }

    // the registry of factories
    function isPoolFactoryApproved(address) external pure returns (bool) {
        return true;
    }

    function factoriesToPoolFactory(address) external view returns (address, address) {
        return (address(this), gaugeFactory);
    }

    // the factory of voters' rewards
    function createRewards(address, address[] memory) external view returns (address, address) {
        return (address(this), address(this));
    }

    // the minter
    function aero() external view returns (address) {
        return token;
    }

    // the legacy factory
    function getPool(address, address, int24) external pure returns (address) {
        return address(0);
    }
}
