// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

interface IToken {
    function mint(address to, uint256 value) external;
    function approve(address spender, uint256 value) external returns (bool);
    function transferFrom(address from, address to, uint256 value) external returns (bool);
}

interface IGaugeFactory {
    function createGauge(address forwarder, address pool, address reward, address token, bool isPool)
        external
        returns (address);
}

interface IGauge {
    function notifyRewardAmount(uint256 amount) external;
}

/// All that the real factories and gauges ask of the rest of their protocol: voter, minter, registries, fee modules.
contract Voter {
    IToken public immutable aero;
    IGaugeFactory public gaugeFactory;
    mapping(address => bool) public isAlive;
    mapping(address => uint24) private swapFees;
    mapping(address => address) public gauges;

    constructor(IToken aero_) {
        aero = aero_;
    }

    function factoryRegistry() external view returns (address) {
        return address(this);
    }

    function minter() external view returns (address) {
        return address(this);
    }

    function setGaugeFactory(IGaugeFactory factory) external {
        gaugeFactory = factory;
    }

    function factoriesToPoolFactory(address) external view returns (address, address) {
        return (address(this), address(gaugeFactory));
    }

    function isPoolFactoryApproved(address) external pure returns (bool) {
        return true;
    }

    function ve() external view returns (address) {
        return address(this);
    }

    // the legacy factory
    function getPool(address, address, int24) external pure returns (address) {
        return address(0);
    }

    // the minter
    function activePeriod() external pure returns (uint256) {
        return 1;
    }

    function weekly() external pure returns (uint256) {
        return 1e30;
    }

    // whom fees go to
    function notifyRewardAmount(address token, uint256 amount) external {
        IToken(token).transferFrom(msg.sender, address(this), amount);
    }

    function createGauge(address pool) external returns (address gauge) {
        gauge = gaugeFactory.createGauge(address(1), pool, address(this), address(aero), true);
        (isAlive[gauge], gauges[pool]) = (true, gauge);
    }

    function kill(address gauge) external {
        isAlive[gauge] = false;
    }

    function pay(address gauge, uint256 amount) external {
        aero.mint(address(this), amount);
        aero.approve(gauge, amount);
        IGauge(gauge).notifyRewardAmount(amount);
    }

    // the module of swap fees
    function set(address pool, uint24 swapFee) external {
        swapFees[pool] = swapFee;
    }

    function getFee(address pool) external view returns (uint24) {
        return swapFees[pool];
    }
}
